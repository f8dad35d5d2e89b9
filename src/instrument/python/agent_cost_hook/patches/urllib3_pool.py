"""urllib3: measures requests of programs that use it without requests."""

import contextvars
import sys

from .. import spans
from . import replace

# Set while a request is already accounted for by the layer above, so that it is counted once.
quiet = contextvars.ContextVar("agent_cost_quiet", default=False)
_SPAN = "_agent_cost_span"


def patch(module):
    def make(original):
        def urlopen(self, method, url, *args, **kwargs):
            span = None if quiet.get() else _begin(self, method, url)
            if span is None:
                return original(self, method, url, *args, **kwargs)
            # urlopen calls itself for retries and redirects.
            token = quiet.set(True)
            try:
                response = original(self, method, url, *args, **kwargs)
            except BaseException as error:
                span.fail(error)
                raise
            finally:
                quiet.reset(token)
            follow(response, span)
            return response

        return urlopen

    replace(module.HTTPConnectionPool, "urlopen", make)
    response_class = sys.modules["urllib3.response"].HTTPResponse
    replace(response_class, "release_conn", _ending)
    replace(response_class, "close", _ending)


def follow(response, span):
    """Ends the span when the response's body has been read or dropped."""
    try:
        setattr(response, _SPAN, span)
        inner = getattr(response, "_original_response", None)
        if inner is None or inner.isclosed():
            _end(response)
    except Exception:
        span.end()


def _begin(pool, method, url):
    try:
        path = "/" + url.split("://", 1)[1].partition("/")[2] if "://" in url else url
        path = path.partition("?")[0].partition("#")[0]
        default = {"http": 80, "https": 443}.get(pool.scheme)
        netloc = pool.host if pool.port in (None, default) else "%s:%d" % (pool.host, pool.port)
        return spans.open_http(method, netloc, path)
    except Exception:
        return None


def _ending(original):
    def ending(self, *args, **kwargs):
        try:
            return original(self, *args, **kwargs)
        finally:
            _end(self)

    return ending


def _end(response):
    span = response.__dict__.pop(_SPAN, None)
    if span is None:
        return
    try:
        read = response.tell()
    except Exception:
        read = None
    span.end(read or spans.content_length(response.headers) or read, spans.http_error(response.status))
