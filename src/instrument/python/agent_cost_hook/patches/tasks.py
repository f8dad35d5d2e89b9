"""asyncio: notes where a task was made."""

from .. import frames
from . import replace


def patch(module):
    def make(original):
        def create_task(self, coro, *args, **kwargs):
            frames.remember_coroutine(coro)
            task = original(self, coro, *args, **kwargs)
            # In debug mode a task tells where it was made, which is not here.
            traceback = getattr(task, "_source_traceback", None)
            if traceback and traceback[-1].filename == __file__:
                del traceback[-1]
            return task

        return create_task

    replace(module.BaseEventLoop, "create_task", make)
