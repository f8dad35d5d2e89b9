"""Microsoft Agent Framework: tools, agents, workflows as agents with their executors as steps, handoffs."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("agent-framework-core")


def patch_tools(module):
    """`agent_framework._tools`."""
    replace(module.FunctionTool, "invoke", lambda original: frameworks.observed(_FRAMEWORK, original, _tool, _size))


def _tool(args, kwargs):
    tool = args[0]
    arguments = kwargs.get("arguments")
    if arguments is None:
        arguments = getattr(kwargs.get("context"), "arguments", None)
    return frameworks.Tool(tool.name, tool.func, arguments, kwargs.get("tool_call_id"))


def _size(result):
    """The result comes as parts of a message: text, or what a tool draws or fetches."""
    if not isinstance(result, list):
        return frameworks.size_of(result)
    sizes = [frameworks.size_of(getattr(part, "text", None)) for part in result]
    return None if None in sizes else sum(sizes)


def patch(module):
    """`agent_framework._agents`: an Agent is a RawAgent with what is around it."""

    def is_raw(args, kwargs):
        return None if isinstance(args[0], module.Agent) else _agent(args, kwargs)

    replace(module.Agent, "run", lambda original: frameworks.observed_run(_FRAMEWORK, original, _agent))
    replace(module.RawAgent, "run", lambda original: frameworks.observed_run(_FRAMEWORK, original, is_raw))


def _agent(args, kwargs):
    agent = args[0]
    return frameworks.Tool(agent.name or type(agent).__name__, kind="agent")


def patch_workflows(module):
    """`agent_framework._workflows._workflow`: every way to run one goes through here."""
    replace(module.Workflow, "_run_core", lambda original: frameworks.observed(_FRAMEWORK, original, _agent))


def patch_executors(module):
    """`agent_framework._workflows._executor`."""
    replace(module.Executor, "execute", lambda original: frameworks.observed(_FRAMEWORK, original, _step))


def _step(args, kwargs):
    return frameworks.Tool(args[0].id, kind="step")


def patch_handoffs(module):
    """`agent_framework_orchestrations._handoff`: a handoff answers a tool call of the model's before a tool is run, and ends the agent's turn by raising."""

    def make(original):
        async def process(self, context, call_next):
            span = None
            try:
                target = self._handoff_functions.get(context.function.name)
                if target is not None:
                    call_id = context.metadata.get("call_id")
                    span = frameworks.begin(_FRAMEWORK, frameworks.Tool("handoff to %s" % target, None, context.arguments, call_id, "other"))
            except Exception:
                pass  # Another version: the call is seen on the wire.
            try:
                return await original(self, context, call_next)
            finally:
                if span is not None:
                    span.end()

        return process

    replace(module._AutoHandoffMiddleware, "process", make)
