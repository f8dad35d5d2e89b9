"""Spans of tools: requests that are no LLM calls, child processes, functions that the SDK runs."""

import contextvars

from . import events, frames

# Id of the span that encloses what runs here. Only our own variable: contexts are the program's.
_current = contextvars.ContextVar("agent_cost_span", default=None)
frames.use_current_span(_current.get)


class Span:
    """A span that has begun. Ends once; a second end is ignored (bodies are closed more than once)."""

    __slots__ = ("id", "_ended")

    def __init__(self, kind, source, origin, name, detail, call_id=None, started=None):
        self.id = events.new_id(frames.thread_ident())
        self._ended = False
        events.emit(
            {
                "type": "span",
                "t": events.now() if started is None else started,
                "id": self.id,
                "kind": kind,
                "name": name,
                "parent": origin.span,
                "thread": frames.thread_name(),
                "frames": origin.frames,
                "unattributed": origin.unattributed,
                "source": source,
                "detail": detail,
                "callId": call_id,
            }
        )

    def end(self, result_bytes=None, error=None):
        """`error` in words, for what did not succeed."""
        self._end("ok" if error is None else "error", error, result_bytes)

    def fail(self, exception):
        """Ends with what was raised."""
        name = type(exception).__name__
        if name in ("CancelledError", "KeyboardInterrupt", "GeneratorExit", "SystemExit"):
            self._end("cancelled", None, None)
        else:
            text = str(exception)[:300]
            self._end("error", events.without_secrets("%s: %s" % (name, text) if text else name), None)

    def _end(self, status, error, result_bytes):
        if self._ended:
            return
        self._ended = True
        try:
            events.emit(
                {"type": "spanEnd", "t": events.now(), "id": self.id, "status": status, "error": error, "resultBytes": result_bytes}
            )
        except Exception:
            pass  # Ends are reported from destructors and callbacks, where nothing may be raised.


def enter(span):
    """Makes a span the parent of what follows in this context; give the result to leave()."""
    return _current.set(span.id)


def leave(token):
    """Undoes enter()."""
    try:
        _current.reset(token)
    except ValueError:
        pass  # Left in another context than it was entered (a generator closed elsewhere).


def open_http(method, host, path):
    """Begins the span of an HTTP request that is no LLM call, or returns None. Raises nothing."""
    try:
        origin = frames.capture()
        name = tool_name(origin.frames) or host
        return Span(kind_of(origin), "http", origin, name, events.without_secrets("%s %s%s" % (method, host, path)))
    except Exception:
        return None


def kind_of(origin):
    """A tool is what the user's code asked for: telemetry in a library's own thread is none."""
    return "tool" if origin.frames else "other"


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
