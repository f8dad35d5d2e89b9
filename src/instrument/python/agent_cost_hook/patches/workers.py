"""multiprocessing: its workers end without atexit."""

from .. import events


def patch(module):
    events.finish_with_multiprocessing(module)
