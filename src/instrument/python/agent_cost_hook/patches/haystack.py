"""Haystack: tools, agents, pipelines as agents with their components as steps. Its agents have no names of their own."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("haystack-ai")


def patch_tools(module):
    """`haystack.tools.tool`."""
    for name in ("invoke", "invoke_async"):
        replace(module.Tool, name, lambda original: frameworks.observed(_FRAMEWORK, original, _tool))


def _tool(args, kwargs):
    tool = args[0]
    # What the agent adds is not the model's: its state, a callback.
    arguments = {name: value for name, value in kwargs.items() if name in tool.parameters["properties"]}
    return frameworks.Tool(tool.name, tool.function or tool.async_function, arguments)


def patch(module):
    """`haystack.components.agents.agent`."""
    for name in ("run", "run_async"):
        replace(module.Agent, name, lambda original: frameworks.observed(_FRAMEWORK, original, _agent))


def patch_pipelines(module):
    """`haystack.core.pipeline.pipeline`: `run_async` is a loop over the generator."""
    for name in ("run", "run_async_generator"):
        replace(module.Pipeline, name, lambda original: frameworks.observed(_FRAMEWORK, original, _agent))
    for name in ("_run_component", "_run_component_async"):
        replace(module.Pipeline, name, lambda original: frameworks.observed(_FRAMEWORK, original, _step))


def _agent(args, kwargs):
    return frameworks.Tool(type(args[0]).__name__, kind="agent")


def _step(args, kwargs):
    return frameworks.Tool(kwargs["component_name"] if "component_name" in kwargs else args[0], kind="step")
