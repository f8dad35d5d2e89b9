"""urllib.request: routes LLM calls and measures other requests, below its handlers (proxies, redirects, cookies)."""

import http.client
from urllib.parse import urlsplit

from .. import routing, spans, strands
from . import replace

_SPAN = "_agent_cost_span"


def patch(module):
    def make(original):
        def do_open(self, http_class, req, **http_conn_args):
            plan, span = _before(req)
            if span is None:
                return original(self, http_class, req, **http_conn_args)
            try:
                if plan is None:
                    response = original(self, http_class, req, **http_conn_args)
                else:
                    try:
                        response = original(self, http.client.HTTPConnection, _copy(module, req, plan.url, plan.headers))
                    except Exception as error:
                        if plan.fallback is None or not routing.profiler_is_gone(error):
                            raise
                        response = None
                    if response is None and plan.fallback:
                        fallback = _copy(module, req, plan.fallback, {})
                        connection = http.client.HTTPSConnection if plan.fallback.startswith("https:") else http.client.HTTPConnection
                        response = original(self, connection, fallback)
                    elif response is None:
                        response = original(self, http_class, req, **http_conn_args)
                    # The program sees the URL that it asked for.
                    response.url = req.get_full_url()
            except BaseException as error:
                span.fail(error)
                raise
            _follow(response, span)
            return response

        return do_open

    replace(module.AbstractHTTPHandler, "do_open", make)
    replace(http.client.HTTPResponse, "_close_conn", _ending)


def _before(req):
    """The plan of an LLM call, and what ends with its response: the call's flight, or a tool's span."""
    try:
        method, url = req.get_method(), req.get_full_url()
        plan = routing.plan(method, url, routing.body_bytes(req.data))
        if plan is not None:
            return (plan, strands.Flight()) if plan.url is not None else (None, None)
        parts = urlsplit(url)
        return None, spans.open_http(method, parts.netloc.rpartition("@")[2], parts.path)
    except Exception:
        return None, None


def _copy(module, req, url, added):
    copy = module.Request(url, data=req.data, headers=dict(req.headers), method=req.get_method())
    copy.timeout = req.timeout
    for name, value in req.unredirected_hdrs.items():
        if name.lower() != "proxy-authorization":
            copy.add_unredirected_header(name, value)
    copy.add_unredirected_header("Host", urlsplit(url).netloc)
    for name, value in added.items():
        copy.add_unredirected_header(name, value)
    return copy


def _follow(response, span):
    try:
        setattr(response, _SPAN, span)
        if response.isclosed():
            _end(response)
    except Exception:
        span.end()  # A response class of the program's own that takes no attributes.


def _ending(original):
    def _close_conn(self):
        try:
            return original(self)
        finally:
            _end(self)

    return _close_conn


def _end(response):
    span = response.__dict__.pop(_SPAN, None)
    if span is not None:
        span.end(spans.content_length(response.headers), spans.http_error(response.status))
