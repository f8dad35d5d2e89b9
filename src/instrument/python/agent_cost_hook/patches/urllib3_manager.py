"""urllib3: routes LLM calls of programs that use it without requests."""

from .. import routing, strands
from . import replace, urllib3_pool


def patch(module):
    def make(original):
        def urlopen(self, method, url, *args, **kwargs):
            plan = None
            if not urllib3_pool.quiet.get():
                plan = _plan(self, module, method, url, kwargs)
            if plan is None:
                return original(self, method, url, *args, **kwargs)
            token = urllib3_pool.quiet.set(True)
            flight = strands.Flight()
            try:
                response = None
                if plan.url is not None:
                    try:
                        response = original(self, method, plan.url, *args, **_changed(self, kwargs, plan.headers))
                    except Exception as error:
                        if plan.fallback is None or not routing.profiler_is_gone(error):
                            raise
                if response is None:
                    response = original(self, method, plan.fallback or url, *args, **kwargs)
            except BaseException as error:
                flight.fail(error)
                raise
            finally:
                urllib3_pool.quiet.reset(token)
            urllib3_pool.follow(response, flight)
            return response

        return urlopen

    replace(module.PoolManager, "urlopen", make)


def _plan(manager, module, method, url, kwargs):
    try:
        plan = routing.plan(method, url, routing.body_bytes(kwargs.get("body")))
        if plan is not None and plan.headers and isinstance(manager, module.ProxyManager):
            routing.note("not-routed", "LLM calls through a urllib3.ProxyManager are not measured.")
            return routing.Plan(None, None, None)
        return plan
    except Exception:
        return None


def _changed(manager, kwargs, added):
    headers = dict(kwargs.get("headers") or manager.headers or {})
    for name in [name for name in headers if name.lower() == "host"]:
        del headers[name]
    headers.update(added)
    return dict(kwargs, headers=headers)
