"""concurrent.futures: notes where work was submitted (also for run_in_executor and to_thread, which submit)."""

from .. import frames
from . import replace


def patch(module):
    def make(original):
        def __init__(self, *args, **kwargs):
            original(self, *args, **kwargs)
            frames.remember(self)

        return __init__

    frames.follow_work_items(module._WorkItem.run)
    replace(module._WorkItem, "__init__", make)
