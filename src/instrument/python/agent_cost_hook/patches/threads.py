"""threading: notes where a thread was started."""

import contextvars
import sys

from .. import frames
from . import replace, traceback_frames


def patch(module):
    """Threads that libraries start serve whoever comes: where they were started says nothing, unless they run in their starter's context."""

    def make(original):
        def start(self):
            try:
                if not _is_started_by_library(self) or _takes_context(self):
                    frames.remember(self)
            except Exception:
                pass  # What the thread does stays unattributed.
            return original(self)

        return start

    replace(module.Thread, "start", make)
    traceback_frames.patch_threads(module)


def _is_started_by_library(thread):
    frame = sys._getframe(2)
    # Tracers put functions of theirs in the place of `start`, which were given the thread: whoever called those started it.
    while frame is not None and frames.is_librarys(frame.f_code):
        code = frame.f_code
        if not any(frame.f_locals.get(name) is thread for name in code.co_varnames[: code.co_argcount]):
            return True
        frame = frame.f_back
    return False


def _takes_context(thread):
    """Whether it was made with `Thread(target=contextvars.copy_context().run, …)`."""
    return isinstance(getattr(getattr(thread, "_target", None), "__self__", None), contextvars.Context)
