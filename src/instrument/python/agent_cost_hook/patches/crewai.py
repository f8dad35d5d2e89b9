"""CrewAI: crews, agents and flows as agents, tasks and the methods of flows as steps, tools."""

import sys

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("crewai")


def patch_tools(module):
    """`crewai.tools.base_tool`."""
    for owner in (module.BaseTool, module.Tool):
        for name in ("run", "arun"):
            if name in vars(owner):
                replace(owner, name, lambda original: frameworks.observed(_FRAMEWORK, original, _tool))


def patch_structured_tools(module):
    """`crewai.tools.structured_tool`: the same tools, for models that ask for them in words."""
    for name in ("invoke", "ainvoke"):
        replace(module.CrewStructuredTool, name, lambda original: frameworks.observed(_FRAMEWORK, original, _tool))


def _tool(args, kwargs):
    tool = args[0]
    # A tool made of a function has it; others are classes with a method of their own.
    function = getattr(tool, "func", None) or type(tool)._run
    arguments = args[1] if len(args) > 1 else kwargs.get("input", kwargs)
    return frameworks.Tool(_offered(tool.name), function, arguments)


def _offered(name):
    """The name that models know a tool by."""
    sanitize = getattr(sys.modules.get("crewai.utilities.string_utils"), "sanitize_tool_name", None)
    return name if sanitize is None else sanitize(name)


def patch_crews(module):
    """`crewai.crew`: `kickoff_async` runs `kickoff` in a thread."""
    for name in ("kickoff", "akickoff"):
        replace(module.Crew, name, lambda original: frameworks.observed(_FRAMEWORK, original, _crew))


def _crew(args, kwargs):
    crew = args[0]
    # A streamed run comes here a second time, when it is iterated over.
    return None if crew.stream else frameworks.Tool(crew.name or "crew", kind="agent")


def patch_tasks(module):
    """`crewai.task`."""
    for name in ("_execute_core", "_aexecute_core"):
        replace(module.Task, name, lambda original: frameworks.observed(_FRAMEWORK, original, _task))


def _task(args, kwargs):
    # Its description may be long, and is a prompt.
    return frameworks.Tool(args[0].name or "task", kind="step")


def patch(module):
    """`crewai.agent.core`: what an agent does in a crew, and without one."""
    for name in ("execute_task", "aexecute_task", "kickoff_async"):
        replace(module.Agent, name, lambda original: frameworks.observed(_FRAMEWORK, original, _agent))
    replace(module.Agent, "kickoff", lambda original: frameworks.observed(_FRAMEWORK, original, _agent_alone))


def _agent(args, kwargs):
    return frameworks.Tool(args[0].role.strip(), kind="agent")


def _agent_alone(args, kwargs):
    events = sys.modules.get("asyncio.events")
    # Where an event loop runs, what comes back is `kickoff_async`, to be awaited.
    return None if events is not None and events._get_running_loop() is not None else _agent(args, kwargs)


def patch_flows(module):
    """`crewai.flow.runtime`: every way to run a flow goes through `kickoff_async`. CrewAI's own agents are flows, too."""
    replace(module.Flow, "kickoff_async", lambda original: frameworks.observed(_FRAMEWORK, original, _flow))
    replace(module.Flow, "_execute_method", lambda original: frameworks.observed(_FRAMEWORK, original, _method))


def _flow(args, kwargs):
    flow = args[0]
    return None if _is_inside(flow) or flow.stream else frameworks.Tool(flow.name or type(flow).__name__, kind="agent")


def _method(args, kwargs):
    return None if _is_inside(args[0]) else frameworks.Tool(args[1], kind="step")


def _is_inside(flow):
    return type(flow).__module__.startswith("crewai.")
