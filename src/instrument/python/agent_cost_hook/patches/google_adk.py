"""Google ADK: tools where they are called from, agents, and since 2.0 the nodes of workflows, which agents are as well."""

from .. import frames, frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("google-adk")


def patch_tools(module):
    """`google.adk.flows.llm_flows.tools._caller` and `._thread_pool`, or older: `google.adk.flows.llm_flows.functions`."""
    for name in ("_call_tool_async", "_call_tool_in_thread_pool", "__call_tool_async"):
        if hasattr(module, name):
            replace(module, name, lambda original: frameworks.observed(_FRAMEWORK, original, _tool))


def _tool(args, kwargs):
    tool = args[0] if args else kwargs["tool"]
    arguments = args[1] if len(args) > 1 else kwargs["args"]
    context = args[2] if len(args) > 2 else kwargs["tool_context"]
    call_id = getattr(context, "function_call_id", None)
    if tool.name == "transfer_to_agent":
        return frameworks.Tool("handoff to %s" % arguments.get("agent_name"), None, arguments, call_id, "other")
    return frameworks.Tool(tool.name, getattr(tool, "func", None) or type(tool).run_async, arguments, call_id)


def patch(module):
    """`google.adk.agents.base_agent`."""
    replace(module.BaseAgent, "run_async", lambda original: frameworks.observed(_FRAMEWORK, original, _agent))


def patch_nodes(module):
    """`google.adk.workflow._base_node`."""
    replace(module.BaseNode, "run", lambda original: frameworks.observed(_FRAMEWORK, original, _node))


def _agent(args, kwargs):
    name = args[0].name
    around = frames.enclosing_span()
    # An agent that is run as a node is already there.
    if around is not None and around.kind == "agent" and around.name == name:
        return None
    return frameworks.Tool(name, kind="agent")


def _node(args, kwargs):
    node = args[0]
    is_agent = hasattr(node, "sub_agents") or type(node).__name__ == "Workflow"
    return _agent(args, kwargs) if is_agent else frameworks.Tool(node.name, kind="step")
