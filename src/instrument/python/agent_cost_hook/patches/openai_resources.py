"""openai and anthropic: notes where an asynchronous method is called, which may be far from where its result is awaited."""

import functools
import inspect

from .. import frames


def patch(module):
    """Each resource class is patched as it is defined: the SDK loads most of them late."""

    def __init_subclass__(cls, **kwargs):
        super(module.AsyncAPIResource, cls).__init_subclass__(**kwargs)
        try:
            for name, value in list(vars(cls).items()):
                if not name.startswith("_") and inspect.isfunction(value) and _should_note(value):
                    setattr(cls, name, _noting(value))
        except Exception:
            pass  # Calls are then attributed at their await.

    module.AsyncAPIResource.__init_subclass__ = classmethod(__init_subclass__)


def _should_note(function):
    # Deprecated methods warn at their caller's line, which a wrapper would change.
    if hasattr(function, "__deprecated__") or not inspect.iscoroutinefunction(inspect.unwrap(function)):
        return False
    # Before 3.12 a plain function cannot pass for a coroutine function; create() is none in the SDK either.
    return not inspect.iscoroutinefunction(function) or hasattr(inspect, "markcoroutinefunction")


def _noting(function):
    @functools.wraps(function)
    def method(*args, **kwargs):
        coroutine = function(*args, **kwargs)
        frames.remember_coroutine(coroutine)
        return coroutine

    return inspect.markcoroutinefunction(method) if inspect.iscoroutinefunction(function) else method
