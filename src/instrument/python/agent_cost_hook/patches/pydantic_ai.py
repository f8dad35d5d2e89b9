"""Pydantic AI: agents from entering their run until it is left, tools where a checked call of theirs is carried out."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("pydantic-ai-slim")


def patch(module):
    """`pydantic_ai.agent`: all ways to run an agent go through `iter`."""
    replace(module.Agent, "iter", lambda original: frameworks.observed_context(_FRAMEWORK, original, _agent))


def _agent(args, kwargs):
    return frameworks.Tool(args[0].name or "agent", kind="agent")


def patch_tools(module):
    """`pydantic_ai.tool_manager`."""
    replace(module.ToolManager, "execute_tool_call", lambda original: frameworks.observed(_FRAMEWORK, original, _tool))
    replace(module.ToolManager, "execute_output_tool_call", lambda original: frameworks.observed(_FRAMEWORK, original, _output))


def _tool(args, kwargs):
    validated = args[1] if len(args) > 1 else kwargs["validated"]
    call = validated.call
    return frameworks.Tool(call.tool_name, _function(validated.tool), call.args, call.tool_call_id)


def _function(tool):
    """A tool made of a function calls it through a bound method of its schema; others belong to toolsets such as an MCP server's."""
    while hasattr(tool, "source_tool"):
        tool = tool.source_tool  # In a toolset that is made of others.
    call = getattr(tool, "call_func", None)
    return getattr(getattr(call, "__self__", None), "function", None)


def _output(args, kwargs):
    # The model answers by calling a tool that does nothing.
    call = (args[1] if len(args) > 1 else kwargs["validated"]).call
    return frameworks.Tool("output as %s" % call.tool_name, None, call.args, call.tool_call_id, "other")
