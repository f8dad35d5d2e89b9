"""Patches modules of interest right after the program imports them; imports none of them itself."""

import sys
from _thread import get_ident

from . import loading

# Module -> module of this package that has `patch(module)`, or `module:function` for another function.
_TARGETS = {
    "httpx._transports.default": "httpx_transport",
    "httpx2._transports.default": "httpx_transport",
    "requests.adapters": "requests_adapter",
    "urllib3.connectionpool": "urllib3_pool",
    "urllib3.poolmanager": "urllib3_manager",
    "urllib.request": "urllib_request",
    "aiohttp.client": "aiohttp_client",
    "openai._resource": "openai_resources",
    "openai._legacy_response": "openai_raw",
    "openai.lib.responses_tool_runner": "openai_tool_runner",
    "anthropic._resource": "openai_resources",
    "anthropic._legacy_response": "openai_raw",
    "anthropic.lib.tools._beta_runner": "anthropic_tool_runner",
    "anthropic.lib.tools._beta_functions": "anthropic_tool_runner:patch_functions",
    "subprocess": "processes",
    "threading": "threads",
    "concurrent.futures.thread": "executors",
    "asyncio.base_events": "tasks",
    "asyncio.tasks": "tasks:patch_other_ways",
    "uvloop": "tasks:patch_uvloop",
    "multiprocessing.util": "workers",
    "traceback": "traceback_frames",
    # Servers of HTTP.
    "starlette.applications": "servers:patch_starlette",
    "flask.app": "servers:patch_flask",
    "django.core.handlers.wsgi": "servers:patch_django_wsgi",
    "django.core.handlers.asgi": "servers:patch_django_asgi",
    "aiohttp.web_app": "servers:patch_aiohttp",
    # Frameworks.
    "agents.tracing.spans": "openai_agents",
    "agents.run_internal.tool_execution": "openai_agents:patch_tools",
    "agents.run_internal.turn_resolution": "openai_agents:patch_handoffs",
    "langchain_core.tools.base": "langchain",
    "langgraph.pregel._retry": "langgraph:patch_nodes",
    "langgraph.pregel": "langgraph",
    "mcp.client.session": "mcp",
    "mcp.client.stdio": "mcp:patch_stdio",
    "mcp.server.mcpserver.tools.base": "mcp:patch_server_tools",
    "mcp.server.fastmcp.tools.base": "mcp:patch_server_tools",
    "mcp.server.lowlevel.server": "mcp:patch_server",
    "dspy.primitives.module": "dspy",
    "dspy.adapters.types.tool": "dspy:patch_tools",
    "llama_index.core.agent.workflow.base_agent": "llama_index",
    "llama_index.core.agent.workflow.multi_agent_workflow": "llama_index:patch_multi_agent",
    "llama_index.core.agent.workflow.function_agent": "llama_index:patch_turns",
    "llama_index.core.agent.workflow.react_agent": "llama_index:patch_turns",
    "llama_index.core.agent.workflow.codeact_agent": "llama_index:patch_turns",
    "llama_index.core.tools.function_tool": "llama_index:patch_tools",
    "workflows.workflow": "llama_workflows",
    "workflows.runtime.types.step_function": "llama_workflows:patch_steps",
    "smolagents.agents": "smolagents",
    "smolagents.tools": "smolagents:patch_tools",
    "pydantic_ai.agent": "pydantic_ai",
    "pydantic_ai.tool_manager": "pydantic_ai:patch_tools",
    "pydantic_ai._tool_manager": "pydantic_ai:patch_tools",
    "autogen_agentchat.agents._base_chat_agent": "autogen",
    "autogen_agentchat.teams._group_chat._base_group_chat": "autogen:patch_teams",
    "autogen_agentchat.teams._group_chat._chat_agent_container": "autogen:patch_participants",
    "autogen_core.tools._base": "autogen:patch_tools",
    "agent_framework._agents": "agent_framework",
    "agent_framework._tools": "agent_framework:patch_tools",
    "agent_framework._workflows._workflow": "agent_framework:patch_workflows",
    "agent_framework._workflows._executor": "agent_framework:patch_executors",
    "agent_framework_orchestrations._handoff": "agent_framework:patch_handoffs",
    "crewai.agent.core": "crewai",
    "crewai.crew": "crewai:patch_crews",
    "crewai.task": "crewai:patch_tasks",
    "crewai.tools.base_tool": "crewai:patch_tools",
    "crewai.tools.structured_tool": "crewai:patch_structured_tools",
    "crewai.flow.runtime": "crewai:patch_flows",
    "google.adk.agents.base_agent": "google_adk",
    "google.adk.workflow._base_node": "google_adk:patch_nodes",
    "google.adk.flows.llm_flows.tools._caller": "google_adk:patch_tools",
    "google.adk.flows.llm_flows.tools._thread_pool": "google_adk:patch_tools",
    "google.adk.flows.llm_flows.functions": "google_adk:patch_tools",
    "haystack.tools.tool": "haystack:patch_tools",
    "haystack.components.agents.agent": "haystack",
    "haystack.core.pipeline.pipeline": "haystack:patch_pipelines",
}


_MACHINERY = "<frozen importlib._bootstrap_external>"


def install():
    """Patches what is already imported and watches for the rest."""
    for name in _TARGETS:
        module = sys.modules.get(name)
        if module is not None:
            _patch(name, module)
    sys.meta_path.insert(0, _Finder())


def _patch(name, module):
    try:
        target, _, function = _TARGETS[name].partition(":")
        patcher = loading.load("agent_cost_hook.patches." + target)
        getattr(patcher, function or "patch")(module)
    except Exception:
        # Another version of the library than those we know: its calls are then seen on the wire only.
        pass


class _Finder:
    """Finds nothing itself: has the other finders find the module, and patches it once it has run."""

    def __init__(self):
        # (name, thread) that it is asked for just now.
        self._asked = set()

    def find_spec(self, name, path=None, target=None):
        if name not in _TARGETS:
            return None
        asked = (name, get_ident())
        if asked in self._asked:
            return None  # By a finder that has the others find as well.
        self._asked.add(asked)
        try:
            spec = self._real_spec(name, path, target)
        finally:
            self._asked.discard(asked)
        loader = getattr(spec, "loader", None)
        if type(loader).__name__ == "LazyLoader":
            loader = loader.loader  # What loads the module in the end.
        if loader is None or not hasattr(loader, "exec_module"):
            return spec
        original = loader.exec_module

        def exec_module(module):
            try:
                del loader.exec_module
            except AttributeError:
                pass  # Run a second time (importlib.reload keeps the loader).
            original(module)
            if type(module).__name__ == "_LazyModule":
                # Of importlib.util.LazyLoader: it becomes a plain one next, and until then runs anew when it is looked at.
                module.__class__ = type(sys)
            if getattr(module, "__name__", None) == name:
                _patch(name, module)

        # Python leaves its own import machinery out of tracebacks, as far as nothing else is in between.
        exec_module.__code__ = exec_module.__code__.replace(co_filename=_MACHINERY)
        try:
            # On the instance: type and identity of the loader stay what tools such as inspect expect.
            loader.exec_module = exec_module
        except AttributeError:
            pass  # A loader without instance attributes (frozen modules): the module stays unpatched.
        return spec

    def _real_spec(self, name, path, target):
        finders = list(sys.meta_path)
        # Those in front of this one were asked before, or are asking just now.
        places = [index for index, finder in enumerate(finders) if finder is self]
        for finder in finders[places[0] + 1 :] if places else finders:
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec is not None else None
            if spec is not None:
                return spec
        return None
