"""LangGraph: graphs as agents, their nodes as steps. Tools are LangChain's."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("langgraph")


def patch(module):
    """`langgraph.pregel`: every way to run a graph goes through one of these."""
    for name in ("stream", "astream"):
        replace(module.Pregel, name, lambda original: frameworks.observed(_FRAMEWORK, original, _graph))


def _graph(args, kwargs):
    graph = args[0]
    return frameworks.Tool(graph.name or type(graph).__name__, kind="agent")


def patch_nodes(module):
    """`langgraph.pregel._retry`: where nodes are run."""
    for name in ("run_with_retry", "arun_with_retry"):
        replace(module, name, lambda original: frameworks.observed(_FRAMEWORK, original, _node))


def _node(args, kwargs):
    name = args[0].name
    # Those that LangGraph adds itself do no work.
    return None if name.startswith("__") else frameworks.Tool(name, kind="step")
