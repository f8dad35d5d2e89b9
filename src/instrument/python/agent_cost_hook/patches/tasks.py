"""asyncio: notes where a task was made."""

from .. import frames
from . import replace


def patch(module):
    """`asyncio.base_events`."""
    replace(module.BaseEventLoop, "create_task", _noting)


def patch_uvloop(module):
    """`uvloop`, whose loops are none of asyncio's."""
    replace(module.Loop, "create_task", _noting)


def _noting(original):
    def create_task(self, coro, *args, **kwargs):
        known = frames.remember_coroutine(coro)
        task = original(self, coro, *args, **kwargs)
        if not known:
            # The next item of an asynchronous generator, say: it has no frame to be known by.
            frames.remember(task)
        return _made_elsewhere(task)

    return create_task


def _made_elsewhere(task):
    # In debug mode a task tells where it was made, which is not here.
    traceback = getattr(task, "_source_traceback", None)
    if traceback and traceback[-1].filename == __file__:
        del traceback[-1]
    return task


def patch_other_ways(module):
    """`asyncio.tasks`: what makes a task later, in the loop's thread, or without asking the loop."""

    def make_threadsafe(original):
        def run_coroutine_threadsafe(coro, loop):
            frames.remember_coroutine(coro)
            return original(coro, loop)

        return run_coroutine_threadsafe

    replace(module, "run_coroutine_threadsafe", make_threadsafe)
    if hasattr(module, "eager_task_factory"):
        _note_eager_tasks(module.eager_task_factory)


def _note_eager_tasks(factory):
    """
    The factory stays the function that it is: anyio knows it by its code, and takes out of its closure the class of tasks, which is
    where we are noted.
    """
    cell = factory.__closure__[0]
    make_task = cell.cell_contents
    if getattr(make_task, "_agent_cost_hook", False):
        return

    def noting(coro, **kwargs):
        frames.remember_coroutine(coro)
        return _made_elsewhere(make_task(coro, **kwargs))

    noting._agent_cost_hook = True
    cell.cell_contents = noting
