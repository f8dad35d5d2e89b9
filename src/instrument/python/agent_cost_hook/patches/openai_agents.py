"""OpenAI Agents: tools and handoffs where the runner invokes them, agents from its own tracing, which works also where it is turned off."""

import sys

from .. import frameworks, spans
from . import replace

_FRAMEWORK = frameworks.version_of("openai-agents")


def patch_tools(module):
    """`agents.run_internal.tool_execution`, or older: `agents._run_impl`: where the tool's function is called from."""
    for name in ("_invoke_function_tool_with_metadata", "invoke_function_tool"):
        if hasattr(module, name):
            replace(module, name, lambda original: frameworks.observed(_FRAMEWORK, original, _tool, _size))


def _tool(args, kwargs):
    tool = kwargs["function_tool"]
    context = kwargs["context"]
    function = getattr(tool, "__wrapped__", None)
    return frameworks.Tool(tool.name, function, kwargs.get("arguments"), getattr(context, "tool_call_id", None))


def _size(result):
    return frameworks.size_of(getattr(result, "output", result))


def patch_handoffs(module):
    """`agents.run_internal.turn_resolution`: a handoff answers a tool call of the model's, and is no tool."""
    replace(module, "execute_handoffs", lambda original: frameworks.observed(_FRAMEWORK, original, _handoff, lambda result: None))


def _handoff(args, kwargs):
    call = kwargs["run_handoffs"][0]
    handoff = call.handoff
    return frameworks.Tool("handoff to %s" % handoff.agent_name, None, call.tool_call.arguments, call.tool_call.call_id, "other")


def patch(module):
    """`agents.tracing.spans`: each agent has a span there, real or not."""
    for name in ("SpanImpl", "NoOpSpan"):
        owner = getattr(module, name, None)
        if owner is not None:
            replace(owner, "start", _starting)
            replace(owner, "finish", _finishing)


def _starting(original):
    def start(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        try:
            described = _described(self.span_data, sys._getframe(1))
            if described is not None and not hasattr(self, "_agent_cost_span"):
                span = frameworks.begin(_FRAMEWORK, described)
                # The runner starts and finishes it in one task; what runs in between is inside.
                self._agent_cost_span = (span, spans.enter(span) if span is not None else None)
        except Exception:
            pass  # The agent has no span then; its calls have theirs.
        return result

    return start


def _finishing(original):
    def finish(self, *args, **kwargs):
        try:
            span, token = self.__dict__.pop("_agent_cost_span", (None, None))
            if token is not None:
                spans.leave(token)
            if span is not None:
                error = self.error
                span.end(None, None if error is None else str(error.get("message", "failed")))
        except Exception:
            pass  # It stays open and is shown as cut off.
        return original(self, *args, **kwargs)

    return finish


def _described(data, runner):
    kind = getattr(data, "type", None)
    # The run as a whole: agents that may hand over to each other are one request, of which each has its part.
    if kind == "task" and getattr(runner.f_locals.get("starting_agent"), "handoffs", None):
        return frameworks.Tool(data.name, kind="agent")
    return frameworks.Tool(data.name, kind="agent") if kind == "agent" else None
