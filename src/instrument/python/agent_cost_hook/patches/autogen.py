"""AutoGen: agents and teams from their start to their end, tools where they are run, handoffs, which are tools that do nothing."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("autogen-agentchat")
_CORE = frameworks.version_of("autogen-core")
_HANDOFFS = "autogen_agentchat.base._handoff"


def patch(module):
    """`autogen_agentchat.agents._base_chat_agent`."""
    for name in ("run", "run_stream"):
        replace(module.BaseChatAgent, name, lambda original: frameworks.observed(_FRAMEWORK, original, _agent))


def patch_teams(module):
    """`autogen_agentchat.teams._group_chat._base_group_chat`: `run` is a loop over this."""
    replace(module.BaseGroupChat, "run_stream", lambda original: frameworks.observed(_FRAMEWORK, original, _agent))


def patch_participants(module):
    """`autogen_agentchat.teams._group_chat._chat_agent_container`: where a team lets one of its agents speak."""
    replace(module.ChatAgentContainer, "handle_request", lambda original: frameworks.observed(_FRAMEWORK, original, _participant))


def _agent(args, kwargs):
    return frameworks.Tool(args[0].name, kind="agent")


def _participant(args, kwargs):
    participant = args[0]._agent
    # A team in a team opens a span itself.
    return frameworks.Tool(participant.name, kind="agent") if hasattr(participant, "on_messages_stream") else None


def patch_tools(module):
    """`autogen_core.tools._base`."""
    for name in ("BaseTool.run_json", "BaseStreamTool.run_json_stream"):
        owner, _, method = name.partition(".")
        if hasattr(module, owner):
            replace(getattr(module, owner), method, lambda original: frameworks.observed(_CORE, original, _tool))


def _tool(args, kwargs):
    tool = args[0]
    function = getattr(tool, "_func", None)
    arguments = args[1] if len(args) > 1 else kwargs["args"]
    call_id = args[3] if len(args) > 3 else kwargs.get("call_id")
    if getattr(function, "__module__", None) == _HANDOFFS:
        return frameworks.Tool("handoff to %s" % _target(function, tool), None, arguments, call_id, "other")
    return frameworks.Tool(tool.name, function or type(tool).run, arguments, call_id)


def _target(function, tool):
    """The function of a handoff is made inside of it."""
    try:
        return function.__closure__[0].cell_contents.target
    except Exception:
        return tool.name
