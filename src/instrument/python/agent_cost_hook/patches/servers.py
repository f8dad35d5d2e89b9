"""HTTP requests that the program answers: what it does for one of them is one task, whatever else is answered meanwhile.

A request is a span around the application's own way to answer it, and is written down only once something that is written down
begins inside it: most of what a server answers asks no model.
"""

from .. import events, frames, safe_text, spans
from . import replace

_NO_LINE = "a request that the program answers has no line of its own"


class _Answer:
    """A request from when the application was given it until it has answered. Told of like a spans.Span."""

    __slots__ = ("name", "ended", "_started", "_id")

    kind = "agent"
    source = "http"
    origin = frames.Origin([], _NO_LINE, None)

    def __init__(self, method, path):
        self.name = safe_text.answered(method, path)
        self.ended = False
        self._started = events.now()
        self._id = None

    @property
    def id(self):
        """Whoever asks will name it as a parent: it is written down."""
        if self._id is None:
            self._id = events.new_id(frames.thread_ident())
            event = {
                "type": "span",
                "t": self._started,
                "id": self._id,
                "kind": self.kind,
                "name": self.name,
                "parent": None,
                "thread": frames.thread_name(),
                "unattributed": _NO_LINE,
                "source": self.source,
                "detail": None,
                "callId": None,
                "framework": None,
                "argumentBytes": None,
            }
            events.emit(event, [])
        return self._id

    def end(self, failure=None):
        """`failure`: what was raised in the place of an answer."""
        self.ended = True
        if self._id is not None:
            status, error = ("ok", None) if failure is None else spans.outcome_of(failure)
            events.emit_end(self._id, events.now(), status, error)


def patch_starlette(module):
    """`starlette.applications`, FastAPI's base as well. What is mounted in an application answers the same request."""
    replace(module.Starlette, "__call__", lambda original: _awaited(original, _of_scope))


def patch_django_asgi(module):
    """`django.core.handlers.asgi`"""
    replace(module.ASGIHandler, "__call__", lambda original: _awaited(original, _of_scope))


def patch_aiohttp(module):
    """`aiohttp.web_app`"""
    replace(module.Application, "_handle", lambda original: _awaited(original, lambda request: (request.method, request.path)))


def patch_flask(module):
    """`flask.app`"""
    replace(module.Flask, "wsgi_app", _called)


def patch_django_wsgi(module):
    """`django.core.handlers.wsgi`"""
    replace(module.WSGIHandler, "__call__", _called)


def _of_scope(scope, *_):
    return (scope["method"], scope["path"]) if scope["type"] == "http" else None


def _of_environ(environ, *_):
    return environ["REQUEST_METHOD"], environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")


def _awaited(original, describe):
    async def answer(self, *args, **kwargs):
        begun = _begin(describe, args)
        if begun is None:
            return await original(self, *args, **kwargs)
        token = spans.enter(begun)
        failure = None
        try:
            return await original(self, *args, **kwargs)
        except BaseException as raised:
            failure = raised
            raise
        finally:
            _end(begun, token, failure)
            # Else this frame and what was raised hold each other.
            failure = None

    return answer


def _called(original):
    def answer(self, *args, **kwargs):
        begun = _begin(_of_environ, args)
        if begun is None:
            return original(self, *args, **kwargs)
        token = spans.enter(begun)
        failure = None
        try:
            return original(self, *args, **kwargs)
        except BaseException as raised:
            failure = raised
            raise
        finally:
            _end(begun, token, failure)
            failure = None  # As above.

    return answer


def _begin(describe, args):
    try:
        described = describe(*args)
        return None if described is None or _is_answering() else _Answer(*described)
    except Exception:
        return None  # Another version than those we know: its calls are in no request.


def _end(answer, token, failure):
    try:
        spans.leave(token)
        answer.end(failure)
    except Exception:
        pass  # It stays open and is shown as cut off.


def _is_answering():
    """Whether what runs here answers a request already."""
    span = frames.current_span.get()
    while span is not None:
        if isinstance(span, _Answer):
            return not span.ended
        # A function's run knows what is around it without a look at its stack.
        span = span.outer if span.source == "function" else span.origin.span
    return False
