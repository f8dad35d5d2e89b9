"""urllib3: routes LLM calls of programs that use it without requests."""

from .. import routing, strands
from . import replace, urllib3_pool


def patch(module):
    def make(original):
        def urlopen(self, method, url, *args, **kwargs):
            plan = None
            if not urllib3_pool.quiet.get():
                plan = _plan(method, url, kwargs)
            if plan is None:
                return original(self, method, url, *args, **kwargs)
            token = urllib3_pool.quiet.set(True)
            flight = strands.Flight()
            try:
                response = None
                if plan.url is not None:
                    try:
                        sender = _direct(self, module) if plan.headers else self
                        response = original(sender, method, plan.url, *args, **_changed(self, kwargs, plan.headers))
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


def _plan(method, url, kwargs):
    try:
        return routing.plan(method, url, routing.body_bytes(kwargs.get("body")))
    except Exception:
        return None


def _direct(manager, module):
    """What reaches the profiler: the proxy of a ProxyManager may be on another machine."""
    if not isinstance(manager, module.ProxyManager):
        return manager
    direct = manager.__dict__.get("_agent_cost_direct")
    if direct is None:
        settings = {name: value for name, value in manager.connection_pool_kw.items() if name in ("timeout", "retries", "maxsize", "block")}
        direct = manager._agent_cost_direct = module.PoolManager(**settings)
    return direct


def _changed(manager, kwargs, added):
    headers = dict(kwargs.get("headers") or manager.headers or {})
    for name in [name for name in headers if name.lower() == "host"]:
        del headers[name]
    headers.update(added)
    return dict(kwargs, headers=headers)
