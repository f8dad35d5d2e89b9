"""LlamaIndex: agents and workflows of agents from their start until their result is there, the agents' turns, tools and handoffs."""

import sys

from .. import frameworks, spans
from . import replace

_FRAMEWORK = frameworks.version_of("llama-index-core")


def patch(module):
    """`llama_index.core.agent.workflow.base_agent`."""
    _patch_workflow(module.BaseWorkflowAgent)


def patch_multi_agent(module):
    """`llama_index.core.agent.workflow.multi_agent_workflow`."""
    _patch_workflow(module.AgentWorkflow)


def _patch_workflow(owner):
    if "_call_tool" in vars(owner):
        replace(owner, "_call_tool", lambda original: frameworks.observed(_FRAMEWORK, original, _tool, _size, _error))
    replace(owner, "run", lambda original: starting(_FRAMEWORK, original))


def starting(framework, original, is_seen=lambda workflow: True):
    """`original`, which starts a workflow and returns its handler, with a span until the result is there; of those that `is_seen` says so of."""

    def run(self, *args, **kwargs):
        span = frameworks.begin(framework, frameworks.Tool(_name(self), kind="agent")) if is_seen(self) else None
        # Its work goes on in tasks that are made here and take this along.
        token = spans.enter(span)
        try:
            handler = original(self, *args, **kwargs)
        except BaseException as error:
            if span is not None:
                span.fail(error)
            raise
        finally:
            spans.leave(token)
        _end_with(handler, span)
        return handler

    return run


def _name(workflow):
    return getattr(workflow, "name", None) or type(workflow).__name__


def _end_with(handler, span):
    def end(task):
        try:
            error = None if task.cancelled() else task.exception()
            span.fail(error) if error is not None else span.end()
        except Exception:
            span.end()

    try:
        if span is not None:
            # Before workflows had a version 2 the handler was a future itself.
            getattr(handler, "_result_task", handler).add_done_callback(end)
    except Exception:
        span.end()  # What it started is inside all the same.


def patch_turns(module):
    """Modules with the kinds of agents: each turn of an agent asks the model once."""
    for name in ("FunctionAgent", "ReActAgent", "CodeActAgent"):
        owner = vars(module).get(name)
        if owner is not None and "take_step" in vars(owner):
            replace(owner, "take_step", lambda original: frameworks.observed(_FRAMEWORK, original, _turn))


def _turn(args, kwargs):
    return frameworks.Tool(_name(args[0]), kind="step")


def _tool(args, kwargs):
    tool, arguments = args[2], args[3]
    name = tool.metadata.get_name()
    function = _function(tool)
    if name == "handoff" and _is_own(function):
        return frameworks.Tool("handoff to %s" % arguments["to_agent"], None, arguments, _call_id(), "other")
    return frameworks.Tool(name, function, arguments, _call_id())


def _call_id():
    """The model's call, which the step that has the tool called holds."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "call_tool":
            return getattr(frame.f_locals.get("ev"), "tool_id", None)
        frame = frame.f_back
    return None


def _function(tool):
    return getattr(tool, "_real_fn", None) or getattr(tool, "_fn", None)


def _is_own(function):
    return (getattr(function, "__module__", None) or "").startswith("llama_index.")


def _size(result):
    return frameworks.size_of(result.content)


def _error(result):
    if not result.is_error:
        return None
    raised = getattr(result, "exception", None)
    return "%s: %s" % (type(raised).__name__, raised) if raised is not None else str(result.content)


def patch_tools(module):
    """`llama_index.core.tools.function_tool`: functions that are called without an agent."""
    for name in ("call", "acall"):
        replace(module.FunctionTool, name, lambda original: frameworks.observed(_FRAMEWORK, original, _function_tool, _size, _error))


def _function_tool(args, kwargs):
    tool = args[0]
    function = _function(tool)
    if _is_own(function):
        return None
    named = {name: value for name, value in kwargs.items() if name != getattr(tool, "ctx_param_name", None)}
    return frameworks.Tool(tool.metadata.get_name(), function, list(args[1:]) + [named] if len(args) > 1 else named)
