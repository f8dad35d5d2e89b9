"""threading: notes where a thread was started."""

import contextvars

from .. import frames
from . import replace, traceback_frames


def patch(module):
    """Threads that libraries start serve whoever comes: where they were started says nothing, unless they run in their starter's context."""

    def make(original):
        def start(self):
            try:
                if not frames.called_by_library() or _takes_context(self):
                    frames.remember(self)
            except Exception:
                pass  # What the thread does stays unattributed.
            return original(self)

        return start

    replace(module.Thread, "start", make)
    traceback_frames.patch_threads(module)


def _takes_context(thread):
    """Whether it was made with `Thread(target=contextvars.copy_context().run, …)`."""
    return isinstance(getattr(getattr(thread, "_target", None), "__self__", None), contextvars.Context)
