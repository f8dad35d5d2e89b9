"""anthropic: functions that the SDK's own tool runner runs."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("anthropic")


def patch(module):
    """`anthropic.lib.tools._beta_runner`: where the call's id is known."""
    for owner in list(vars(module).values()):
        if isinstance(owner, type) and owner.__module__ == module.__name__ and "_run_tool" in vars(owner):
            replace(owner, "_run_tool", lambda original: frameworks.observed(_FRAMEWORK, original, _asked, _size, _error))


def _asked(args, kwargs):
    tool, call = args[1], args[2]
    return frameworks.Tool(tool.name, getattr(tool, "func", None), call.input, call.id, source="toolRunner")


def _size(result):
    return frameworks.size_of(result["content"])


def _error(result):
    return (result["content"] if isinstance(result["content"], str) else "the tool failed") if result.get("is_error") else None


def patch_functions(module):
    """`anthropic.lib.tools._beta_functions`: the functions themselves, for runners that do not say more."""
    for name in ("BetaFunctionTool", "BetaAsyncFunctionTool"):
        replace(getattr(module, name), "call", lambda original: frameworks.observed(_FRAMEWORK, original, _function))


def _function(args, kwargs):
    tool = args[0]
    arguments = args[1] if len(args) > 1 else kwargs["input"]
    return frameworks.Tool(tool.name, tool.func, arguments, source="toolRunner")
