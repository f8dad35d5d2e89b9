"""openai and anthropic: `with_raw_response.create()` calls the method itself only when it is awaited."""

import functools
import inspect

from .. import frames
from . import replace


def patch(module):
    if not hasattr(inspect, "markcoroutinefunction"):
        return  # The result could not pass for a coroutine function, which it is in the SDK.

    def make(original):
        def async_to_raw_response_wrapper(func):
            wrapped = original(func)

            @functools.wraps(wrapped)
            def method(*args, **kwargs):
                coroutine = wrapped(*args, **kwargs)
                frames.remember_coroutine(coroutine)
                return coroutine

            return inspect.markcoroutinefunction(method)

        return async_to_raw_response_wrapper

    replace(module, "async_to_raw_response_wrapper", make)
