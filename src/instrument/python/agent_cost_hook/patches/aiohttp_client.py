"""aiohttp: routes LLM calls and measures other requests, at the session."""

from .. import routing, spans, strands
from . import replace

_SPAN = "_agent_cost_span"
_OWN_PROXY = "through an aiohttp session with a proxy of its own"


def patch(module):
    def make(original):
        async def _request(self, method, str_or_url, **kwargs):
            plan, span, url = _before(self, method, str_or_url, kwargs)
            if span is None:
                return await original(self, method, str_or_url, **kwargs)
            try:
                response = None
                if plan is not None:
                    try:
                        response = await original(self, method, type(url)(plan.url, encoded=True), **_changed(kwargs, plan.headers))
                        # The program sees the URL that it asked for.
                        response._url = response._real_url = url
                    except Exception as error:
                        if plan.fallback is None or not routing.profiler_is_gone(error):
                            raise
                if response is None:
                    again = str_or_url if plan is None else plan.fallback or str_or_url
                    response = await original(self, method, again, **kwargs)
            except BaseException as error:
                span.fail(error)
                raise
            _follow(response, span)
            return response

        return _request

    replace(module.ClientSession, "_request", make)
    for name in ("_response_eof", "close", "release"):
        replace(module.ClientResponse, name, _ending)
    if hasattr(module, "get_env_proxy_for_url"):
        replace(module, "get_env_proxy_for_url", _without_proxy_for_route)


def _before(session, method, str_or_url, kwargs):
    """The plan of an LLM call, what ends with its response (the call's flight, or a tool's span), and the URL that was asked for."""
    try:
        url = session._build_url(str_or_url)
        body = kwargs.get("json") if kwargs.get("json") is not None else kwargs.get("data")
        plan = routing.plan(method, str(url), routing.body_bytes(body))
        if plan is not None:
            if plan.url is None:
                return None, None, None
            if plan.headers and getattr(session, "_default_proxy", None) is not None:
                routing.note("not-routed", "LLM calls through an aiohttp session with a proxy of its own are shown as requests and not measured as model calls.")
                return None, spans.open_http(method.upper(), _netloc(url), url.raw_path, unrouted=_OWN_PROXY), None
            # Sessions with a base URL refuse others in old versions: raises here rather than in the request.
            session._build_url(plan.url)
            return plan, strands.Flight(), url
        return None, spans.open_http(method.upper(), _netloc(url), url.raw_path), None
    except Exception:
        return None, None, None


def _netloc(url):
    return url.raw_host if url.is_default_port() else "%s:%s" % (url.raw_host, url.port)


def _changed(kwargs, added):
    from multidict import CIMultiDict

    headers = CIMultiDict(kwargs.get("headers") or ())
    headers.update(added)
    changed = dict(kwargs, headers=headers)
    for name in ("proxy", "proxy_auth", "proxy_headers"):
        changed.pop(name, None)
    return changed


def _without_proxy_for_route(original):
    def get_env_proxy_for_url(url):
        if routing.is_route(url.host, url.port):
            raise LookupError("the profiler's own route")
        return original(url)

    return get_env_proxy_for_url


def _follow(response, span):
    try:
        setattr(response, _SPAN, span)
        if response.closed:
            _end(response)
    except Exception:
        span.end()


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
        read = response.content.total_bytes
    except Exception:
        read = None
    span.end(read if read is not None else spans.content_length(response.headers), spans.http_error(response.status))
