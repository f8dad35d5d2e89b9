"""threading: notes where a thread was started."""

from .. import frames
from . import replace, traceback_frames


def patch(module):
    """Threads that libraries start serve whoever comes: where they were started says nothing."""

    def make(original):
        def start(self):
            try:
                if not frames.called_by_library():
                    frames.remember(self)
            except Exception:
                pass  # What the thread does stays unattributed.
            return original(self)

        return start

    replace(module.Thread, "start", make)
    traceback_frames.patch_threads(module)
