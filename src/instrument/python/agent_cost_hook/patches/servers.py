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
    replace(module.Starlette, "__call__", _asgi)


def patch_django_asgi(module):
    """`django.core.handlers.asgi`"""
    replace(module.ASGIHandler, "__call__", _asgi)


def patch_aiohttp(module):
    """`aiohttp.web_app`"""
    replace(module.Application, "_handle", _aiohttp)


def patch_flask(module):
    """`flask.app`"""
    replace(module.Flask, "wsgi_app", _wsgi)


def patch_django_wsgi(module):
    """`django.core.handlers.wsgi`"""
    replace(module.WSGIHandler, "__call__", _wsgi)


# Each takes what the original takes, no more and no less: a server finds out by calling it without anything what sort of application it has.


def _asgi(original):
    async def answer(self, scope, receive, send):
        with _Answering(_of_scope, scope):
            return await original(self, scope, receive, send)

    return answer


def _aiohttp(original):
    async def answer(self, request):
        with _Answering(_of_request, request):
            return await original(self, request)

    return answer


def _wsgi(original):
    def answer(self, environ, start_response):
        with _Answering(_of_environ, environ):
            return original(self, environ, start_response)

    return answer


def _of_scope(scope):
    return (scope["method"], scope["path"]) if scope["type"] == "http" else None


def _of_request(request):
    return request.method, request.path


def _of_environ(environ):
    return environ["REQUEST_METHOD"], environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")


class _Answering:
    """What runs inside it is inside of the answer to what `describe` tells of, where that is a request of its own."""

    __slots__ = ("_answer", "_token")

    def __init__(self, describe, told):
        self._answer = self._token = None
        try:
            described = describe(told)
            if described is not None and not _is_answering():
                answer = _Answer(*described)
                self._token = spans.enter(answer)
                self._answer = answer
        except Exception:
            pass  # Another version than those we know: its calls are in no request.

    def __enter__(self):
        return self

    def __exit__(self, _type, failure, _traceback):
        try:
            if self._answer is not None:
                spans.leave(self._token)
                self._answer.end(failure)
        except Exception:
            pass  # It stays open and is shown as cut off.
        return False


def _is_answering():
    """Whether what runs here answers a request already."""
    span = frames.current_span.get()
    while span is not None:
        if isinstance(span, _Answer):
            return not span.ended
        # A function's run knows what is around it without a look at its stack.
        span = span.outer if span.source == "function" else span.origin.span
    return False
