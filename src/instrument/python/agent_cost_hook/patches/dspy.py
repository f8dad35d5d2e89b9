"""DSPy: tools, and modules that decide what to do next as agents; the predictors in them are their model calls."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("dspy")
# Modules of DSPy's own that run tools or code; of the others those that users write are agents.
_AGENTS = ("ReAct", "ReActV2", "CodeAct", "ProgramOfThought", "RLM", "Avatar")


def patch(module):
    """`dspy.primitives.module`."""
    for name in ("__call__", "acall"):
        replace(module.Module, name, lambda original: frameworks.observed(_FRAMEWORK, original, _agent))


def _agent(args, kwargs):
    kind = type(args[0])
    own = kind.__module__.split(".")[0] == "dspy"
    return frameworks.Tool(kind.__name__, kind="agent") if not own or kind.__name__ in _AGENTS else None


def patch_tools(module):
    """`dspy.adapters.types.tool`."""
    for name in ("__call__", "acall"):
        replace(module.Tool, name, lambda original: frameworks.observed(_FRAMEWORK, original, _tool))


def _tool(args, kwargs):
    tool = args[0]
    if getattr(tool.func, "__module__", "").startswith("dspy."):
        return None  # The model says that it is done by calling a tool that does nothing.
    return frameworks.Tool(tool.name, tool.func, kwargs)
