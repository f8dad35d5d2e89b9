"""LangChain: tools, which LangGraph's nodes and agents of all kinds run through these two methods."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("langchain-core")


def patch(module):
    """`langchain_core.tools.base`."""
    for name in ("run", "arun"):
        replace(module.BaseTool, name, lambda original: frameworks.observed(_FRAMEWORK, original, _tool, error=_error))


def _tool(args, kwargs):
    tool = args[0]
    # A tool made of a function has it; others are classes with a method of their own.
    function = getattr(tool, "func", None) or getattr(tool, "coroutine", None) or type(tool)._run
    arguments = args[1] if len(args) > 1 else kwargs["tool_input"]
    return frameworks.Tool(tool.name, function, _visible(tool, arguments), kwargs.get("tool_call_id"))


def _visible(tool, arguments):
    """What the model asked for, without what the framework adds: its state, its store, its runtime."""
    return tool._filter_injected_args(arguments) if isinstance(arguments, dict) else arguments


def _error(result):
    # The tool's own handler of errors has made an answer of one.
    return str(result.content) if getattr(result, "status", None) == "error" else None
