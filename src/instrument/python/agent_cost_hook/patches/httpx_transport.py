"""httpx and httpx2: routes LLM calls and measures other requests, below the client and above the connection pool."""

from urllib.parse import urlsplit

from .. import routing, spans, strands
from . import replace

_DIRECT = "_agent_cost_direct"
_POOLS = ("ConnectionPool", "AsyncConnectionPool")
_MOST_URLS = 100
# (text, class) -> URL.
_urls = {}


def patch(module):
    sync_stream, async_stream = _streams(module)

    def make_sync(original):
        def handle_request(self, request):
            call, span = _before(self, request, module.HTTPTransport)
            if span is None:
                return original(self, request)
            transport, sent, fallback = call
            try:
                try:
                    response = original(transport, sent)
                except Exception as error:
                    if fallback is None or not routing.profiler_is_gone(error):
                        raise
                    response = None
                if response is None:
                    response = original(self, _redirected(request, fallback))
            except BaseException as error:
                span.fail(error)
                raise
            response.stream = sync_stream(response, span)
            return response

        return handle_request

    def make_async(original):
        async def handle_async_request(self, request):
            call, span = _before(self, request, module.AsyncHTTPTransport)
            if span is None:
                return await original(self, request)
            transport, sent, fallback = call
            try:
                try:
                    response = await original(transport, sent)
                except Exception as error:
                    if fallback is None or not routing.profiler_is_gone(error):
                        raise
                    response = None
                if response is None:
                    response = await original(self, _redirected(request, fallback))
            except BaseException as error:
                span.fail(error)
                raise
            response.stream = async_stream(response, span)
            return response

        return handle_async_request

    replace(module.HTTPTransport, "handle_request", make_sync)
    replace(module.AsyncHTTPTransport, "handle_async_request", make_async)
    _close_direct_too(module)


def _before(transport, request, transport_class):
    """How to send a request, (transport, request, fallback), and what ends with its response: a tool's span, an LLM call's flight, or None."""
    try:
        url = str(request.url)
        plan = routing.plan(request.method, url, getattr(request, "_content", None))
        if plan is None:
            span = spans.open_http(request.method, request.url.netloc.decode("ascii"), request.url.path, request.headers)
            return (transport, request, None), span
        if plan.url is None:
            return None, None
        rerouted = _copy(request, plan.url, plan.host, plan.headers)
        direct = _direct(transport, transport_class) if plan.headers else transport
        return (direct, rerouted, plan.fallback), strands.Flight()
    except Exception:
        return None, None


def _copy(request, url, host, added):
    # A copy: the program's own request keeps its URL and headers, in logs and errors too.
    copy = type(request)(
        request.method, _parsed(url, type(request.url)), headers=request.headers, stream=request.stream, extensions=request.extensions
    )
    copy.extensions.pop("sni_hostname", None)
    # One by one: to copy or to update them costs as much as all else in here.
    copy.headers["host"] = host
    for name, value in added.items():
        copy.headers[name] = value
    return copy


def _parsed(url, url_class):
    """The URL as an object, which is immutable: nearly all calls go to the same few, and to parse one costs more than all else here."""
    parsed = _urls.get((url, url_class))
    if parsed is None:
        if len(_urls) >= _MOST_URLS:
            _urls.clear()
        parsed = _urls[url, url_class] = url_class(url)
    return parsed


def _redirected(request, fallback):
    return request if fallback == "" else _copy(request, fallback, urlsplit(fallback).netloc, {})


def _direct(transport, transport_class):
    """The transport itself if it connects straight to hosts; else one of its own for the loopback."""
    pool = transport._pool
    straight = (
        type(pool).__name__ in _POOLS
        and getattr(pool, "_proxy", None) is None
        and getattr(pool, "_uds", None) is None
        and getattr(pool, "_local_address", None) is None
        and getattr(pool, "_http1", True)
    )
    if straight:
        return transport
    direct = transport.__dict__.get(_DIRECT)
    if direct is None:
        # No TLS to the loopback: without `verify` no certificates are loaded.
        direct = transport.__dict__[_DIRECT] = transport_class(verify=False, trust_env=False)
    return direct


def _close_direct_too(module):
    def make_sync(original):
        def closing(self, *args):
            direct = self.__dict__.pop(_DIRECT, None)
            if direct is not None:
                direct.close()
            return original(self, *args)

        return closing

    def make_async(original):
        async def closing(self, *args):
            direct = self.__dict__.pop(_DIRECT, None)
            if direct is not None:
                await direct.aclose()
            return await original(self, *args)

        return closing

    for name in ("close", "__exit__"):
        replace(module.HTTPTransport, name, make_sync)
    for name in ("aclose", "__aexit__"):
        replace(module.AsyncHTTPTransport, name, make_async)


def _streams(module):
    class _Body:
        """The body of a response: counts it and ends the span, or the LLM call's flight, when it is read or closed."""

        def __init__(self, response, span):
            self._inner = response.stream
            self._span = span
            # Not the response, which has its body: they would hold each other.
            self._headers = response.headers
            self._status = response.status_code
            self._bytes = 0

        def __getattr__(self, name):
            return getattr(self.__dict__["_inner"], name)

        def _done(self, complete):
            if self._span.ended:
                return
            known = self._bytes if complete or self._bytes else spans.content_length(self._headers)
            self._span.end(known, spans.http_error(self._status))

        def __del__(self):
            self._done(False)

    class SyncBody(_Body, module.SyncByteStream):
        def __iter__(self):
            try:
                for part in self._inner:
                    self._bytes += len(part)
                    yield part
            except BaseException as error:
                if not isinstance(error, GeneratorExit):
                    self._span.fail(error)
                raise
            self._done(True)

        def close(self):
            try:
                self._inner.close()
            finally:
                self._done(False)

    class AsyncBody(_Body, module.AsyncByteStream):
        async def __aiter__(self):
            try:
                async for part in self._inner:
                    self._bytes += len(part)
                    yield part
            except BaseException as error:
                if not isinstance(error, GeneratorExit):
                    self._span.fail(error)
                raise
            self._done(True)

        async def aclose(self):
            try:
                await self._inner.aclose()
            finally:
                self._done(False)

    return SyncBody, AsyncBody
