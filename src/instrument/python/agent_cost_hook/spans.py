"""Spans of tools: requests that are no LLM calls, child processes, functions that the SDK runs."""

from . import events, frames, routing, safe_text

# Exceptions that are no failures: work that was stopped, and frameworks' ways to pause a run for a person or to hand it on.
_INTERRUPTIONS = (
    "CancelledError KeyboardInterrupt GeneratorExit SystemExit "
    "GraphInterrupt ParentCommand WaitingForEvent ApprovalRequired CallDeferred"
).split()


class Span:
    """A span that has begun. Ends once; a second end is ignored (bodies are closed more than once).

    `site` is the line that its cost belongs to where that is another than the one it was begun from.
    """

    __slots__ = ("id", "kind", "source", "name", "origin", "ended")

    def __init__(self, kind, source, origin, name, detail, call_id=None, started=None, framework=None, argument_bytes=None, site=None):
        self.id = events.new_id(frames.thread_ident())
        self.kind = kind
        self.source = source
        self.name = name
        self.origin = origin
        self.ended = False
        sites = origin.frames if site is None else [site] + origin.frames[: frames.MAX_FRAMES - 1]
        event = {
            "type": "span",
            "t": events.now() if started is None else started,
            "id": self.id,
            "kind": kind,
            "name": name,
            "parent": None if origin.span is None else origin.span.id,
            "thread": frames.thread_name(),
            "unattributed": None if sites else origin.unattributed,
            "source": source,
            "detail": detail,
            "callId": call_id,
            "framework": framework,
            "argumentBytes": argument_bytes,
        }
        after = frames.after_of(origin)
        if after is not None:
            event["after"] = after
        events.emit(event, sites)

    def end(self, result_bytes=None, error=None, at=None):
        """`error` in words, for what did not succeed; `at` where it ended before now."""
        self._end("ok" if error is None else "error", error, result_bytes, at)

    def fail(self, exception):
        """Ends with what was raised."""
        status, error = outcome_of(exception)
        self._end(status, error, None, None)

    def _end(self, status, error, result_bytes, at):
        if self.ended:
            return
        self.ended = True
        try:
            events.emit_end(self.id, events.now() if at is None else at, status, error, result_bytes)
        except Exception:
            pass  # Ends are reported from destructors and callbacks, where nothing may be raised.


def outcome_of(exception):
    """(status, error) of what ended with an exception."""
    if type(exception).__name__ in _INTERRUPTIONS:
        return "cancelled", None
    return "error", safe_text.error(exception)


def enter(span):
    """Makes a span the parent of what follows in this context; give the result to leave(). None changes nothing."""
    return None if span is None else frames.current_span.set(span)


def leave(token):
    """Undoes enter()."""
    if token is None:
        return
    try:
        frames.current_span.reset(token)
    except ValueError:
        pass  # Left in another context than it was entered (a generator closed elsewhere).


def open_http(method, host, path, headers=None, unrouted=None):
    """Begins the span of an HTTP request that is not sent to the profiler, or returns None. Raises nothing.

    `host` has its port but no user name; `headers` are the request's, where they are at hand; `unrouted` says of an LLM call
    what kept it from the profiler.
    """
    try:
        origin = frames.capture()
        name = tool_name(origin.frames) or host
        kind = "other" if unrouted or not origin.frames or _is_no_tool(method, host, headers) else "tool"
        detail = safe_text.request(method, host, path)
        return Span(kind, "http", origin, name, detail if unrouted is None else "%s (model call, not routed: %s)" % (detail, unrouted))
    except Exception:
        return None


def _is_no_tool(method, host, headers):
    """
    Long-lived event streams, LLM protocols that the proxy does not speak, what carries an MCP tool's call, and what a library
    fetches while it is imported. (Nor what no user code asked for: telemetry.)
    """
    accept = (headers.get("accept") or "") if method == "GET" and headers is not None else ""
    if accept.strip().startswith("text/event-stream") or routing.is_other_llm(host.partition(":")[0]):
        return True
    return any(name.startswith(("mcp.client.", "importlib._bootstrap")) for name in frames.modules_before_user())


def http_error(status):
    """What to say of a response with this status, None when it is a success."""
    return "HTTP %d" % status if isinstance(status, int) and status >= 400 else None


def tool_name(sites):
    """Name of the innermost function of the user's that has one, or None at module level."""
    for site in sites:
        name = (site["function"] or "").rsplit(".", 1)[-1]
        if name == "<module>":
            return None
        if name and not name.startswith("<"):
            return name
    return None


def content_length(headers):
    """The announced length of a body, or None."""
    try:
        value = headers.get("content-length")
        return None if value is None else int(value)
    except Exception:
        return None  # Not a number, or headers of another kind.
