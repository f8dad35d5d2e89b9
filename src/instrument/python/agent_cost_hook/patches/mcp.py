"""MCP: tools that a client has a server run, and in the server, if that is Python's, the functions that are run.

The two spans of one run become one tool where the recording is read: the server knows nothing of its client's spans.
"""

import contextvars
import inspect

from .. import frameworks, session
from . import replace

_FRAMEWORK = frameworks.version_of("mcp")
# The server's tool that runs here, and its arguments.
_running = contextvars.ContextVar("agent_cost_mcp_tool", default=None)


def patch(module):
    """`mcp.client.session`."""
    replace(module.ClientSession, "call_tool", lambda original: frameworks.observed(_FRAMEWORK, original, _asked, _size, _error))


def _asked(args, kwargs):
    name = args[1] if len(args) > 1 else kwargs["name"]
    arguments = args[2] if len(args) > 2 else kwargs.get("arguments")
    return frameworks.Tool(name, None, arguments or {})


def _size(result):
    """What the tool said: text counts as it is."""
    sizes = [frameworks.size_of(getattr(part, "text", part)) for part in result.content]
    return None if None in sizes else sum(sizes)


def _error(result):
    if not getattr(result, "is_error", getattr(result, "isError", False)):
        return None
    said = [part.text for part in result.content if getattr(part, "text", None)]
    return said[0] if said else "the tool failed"


def patch_stdio(module):
    """`mcp.client.stdio`: the server is started without most of the environment, what looks into it included."""

    def make(original):
        async def _create_platform_compatible_process(command, args, env=None, *others, **named):
            try:
                env = None if env is None else session.added_to(env)
            except Exception:
                pass  # What the server does is not seen then.
            return await original(command, args, env, *others, **named)

        return _create_platform_compatible_process

    replace(module, "_create_platform_compatible_process", make)


def patch_server_tools(module):
    """`mcp.server.mcpserver.tools.base`, before version 2 `mcp.server.fastmcp.tools.base`."""

    def make_run(original):
        async def run(self, arguments, *others, **named):
            token = _running.set((self, arguments))
            try:
                return await original(self, arguments, *others, **named)
            finally:
                _running.reset(token)

        return run

    def make_call(original):
        async def call_fn(self, fn, fn_is_async, *others, **named):
            # The function itself: what is not asynchronous runs in a thread, where it waits for its turn.
            return await original(self, _observed(fn, fn_is_async), fn_is_async, *others, **named)

        return call_fn

    name = "call_fn" if hasattr(module.FuncMetadata, "call_fn") else "call_fn_with_arg_validation"
    replace(module.FuncMetadata, name, make_call)
    replace(module.Tool, "run", make_run)


def _observed(function, is_async):
    running = _running.get()
    if running is None or running[0].fn is not function:
        return function
    tool, arguments = running
    call = function.__call__ if is_async and not inspect.iscoroutinefunction(function) else function
    return frameworks.observed(_FRAMEWORK, call, lambda *_: frameworks.Tool(tool.name, function, arguments, served=True))


def patch_server(module):
    """`mcp.server.lowlevel.server`: a server without the convenience of the above has one function for all of its tools."""

    def make(original):
        def get_request_handler(self, method):
            entry = original(self, method)
            try:
                return _observing(entry) if method == "tools/call" and entry is not None else entry
            except Exception:
                return entry  # Its tools are seen by the client alone.

        return get_request_handler

    replace(module.Server, "get_request_handler", make)


def _observing(entry):
    handler = entry.handler
    convenient = type(getattr(handler, "__self__", None)).__module__.startswith("mcp.server.mcpserver")
    if convenient or not inspect.iscoroutinefunction(handler):
        return entry

    def describe(args, kwargs):
        params = args[1]
        return frameworks.Tool(params.name, handler, params.arguments or {}, served=True)

    return type(entry)(entry.params_type, frameworks.observed(_FRAMEWORK, handler, describe, _size, _error))
