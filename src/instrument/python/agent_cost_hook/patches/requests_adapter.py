"""requests: routes LLM calls and measures other requests, at the adapter, below sessions and their proxies."""

from urllib.parse import urlsplit

from .. import routing, spans, strands
from . import replace, urllib3_pool


def patch(module):
    def make(original):
        def send(self, request, *args, **kwargs):
            plan, span = _before(request)
            if span is None and plan is None:
                return original(self, request, *args, **kwargs)
            quiet = urllib3_pool.quiet.set(True)
            try:
                if span is None:
                    return original(self, request, *args, **kwargs)
                if plan is not None:
                    response = _routed(original, self, request, plan, args, kwargs)
                else:
                    response = original(self, request, *args, **kwargs)
            except BaseException as error:
                if span is not None:
                    span.fail(error)
                raise
            finally:
                urllib3_pool.quiet.reset(quiet)
            urllib3_pool.follow(response.raw, span)
            return response

        return send

    replace(module.HTTPAdapter, "send", make)


def _before(request):
    """The plan of an LLM call, and what ends with its response: the call's flight, or a tool's span.

    A plan and nothing that ends: the request is left alone, also by what is below.
    """
    try:
        plan = routing.plan(request.method, request.url, routing.body_bytes(request.body))
        if plan is not None:
            return plan, strands.Flight() if plan.url is not None else None
        parts = urlsplit(request.url)
        return None, spans.open_http(request.method, parts.netloc.rpartition("@")[2], parts.path, request.headers)
    except Exception:
        return None, None


def _routed(original, adapter, request, plan, args, kwargs):
    # send(request, stream, timeout, verify, cert, proxies): none of the environment's proxies stands before the loopback.
    direct_args, direct_kwargs = (args[:4], kwargs) if len(args) > 4 else (args, dict(kwargs, proxies={}))
    try:
        response = original(adapter, _copy(request, plan.url, plan.headers), *direct_args, **direct_kwargs)
    except Exception as error:
        if plan.fallback is None or not routing.profiler_is_gone(error):
            raise
        response = None
    if response is None:
        again = request if plan.fallback == "" else _copy(request, plan.fallback, {})
        response = original(adapter, again, *args, **kwargs)
    # The program sees the request that it made.
    response.request = request
    response.url = request.url
    return response


def _copy(request, url, added):
    rerouted = request.copy()
    rerouted.url = url
    rerouted.headers.pop("Host", None)
    rerouted.headers.update(added)
    return rerouted
