"""smolagents: runs as agents, their steps, and tools whether the model calls them or code that it wrote does."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("smolagents")


def patch(module):
    """`smolagents.agents`."""
    base = module.MultiStepAgent
    # Of the two ways to run an agent both go on here.
    replace(base, "_run_stream", lambda original: frameworks.observed(_FRAMEWORK, original, _agent))
    replace(base, "__call__", lambda original: frameworks.observed(_FRAMEWORK, original, _managed))
    if hasattr(base, "_generate_planning_step"):
        replace(base, "_generate_planning_step", lambda original: frameworks.observed(_FRAMEWORK, original, _planning))
    for name in ("ToolCallingAgent", "CodeAgent"):
        owner = getattr(module, name)
        if "_step_stream" in vars(owner):
            replace(owner, "_step_stream", lambda original: frameworks.observed(_FRAMEWORK, original, _step))


def _agent(args, kwargs):
    return frameworks.Tool(_name(args[0]), kind="agent")


def _name(agent):
    return getattr(agent, "name", None) or type(agent).__name__


def _managed(args, kwargs):
    # To the agent that manages it, it is a tool like any other.
    task = args[1] if len(args) > 1 else kwargs["task"]
    return frameworks.Tool(_name(args[0]), None, task)


def _planning(args, kwargs):
    return frameworks.Tool("planning", kind="step")


def _step(args, kwargs):
    step = args[1] if len(args) > 1 else kwargs["memory_step"]
    return frameworks.Tool("step %d" % step.step_number, kind="step")


def patch_tools(module):
    """`smolagents.tools`."""
    replace(module.Tool, "__call__", lambda original: frameworks.observed(_FRAMEWORK, original, _tool))


def _tool(args, kwargs):
    tool = args[0]
    if tool.name == "final_answer" and type(tool).__module__.startswith("smolagents."):
        return None  # The model answers by calling a tool that does nothing.
    named = {name: value for name, value in kwargs.items() if name != "sanitize_inputs_outputs"}
    arguments = args[1] if len(args) == 2 and not named else list(args[1:]) + [named] if len(args) > 1 else named
    return frameworks.Tool(tool.name, tool.forward, arguments)
