"""asyncio: notes where a task was made."""

from .. import frames
from . import replace


def patch(module):
    def make(original):
        def create_task(self, coro, *args, **kwargs):
            frames.remember_coroutine(coro)
            return original(self, coro, *args, **kwargs)

        return create_task

    replace(module.BaseEventLoop, "create_task", make)
