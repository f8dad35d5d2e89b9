"""Tracebacks are printed without the hook's own frames: what the program's errors look like is the program's."""

import sys

from .. import frames
from . import replace

_FOLDER = frames.HOOK_FOLDER


def patch(module):
    """`traceback`: everything that formats a traceback or a stack walks it through these."""

    def make(original):
        def walking(*args, **kwargs):
            # (frame, line), or with more positions: the frame comes first in all versions.
            for entry in original(*args, **kwargs):
                if not _is_ours(entry[0]):
                    yield entry

        return walking

    def make_stack(original):
        def walk_stack(f):
            entries = original(f)
            if f is None:
                # It begins a fixed number of frames further out than its own, and this one is between them.
                next(entries, None)
            for entry in entries:
                if not _is_ours(entry[0]):
                    yield entry

        return walk_stack

    for name in ("walk_tb", "_walk_tb_with_full_positions"):
        if hasattr(module, name):
            replace(module, name, make)
    replace(module, "walk_stack", make_stack)


def install():
    """The interpreter's own hooks for uncaught errors, which print without the `traceback` module up to 3.12."""
    _replace_hook(sys, "excepthook", lambda arguments: arguments[1])
    _replace_hook(sys, "unraisablehook", lambda arguments: arguments[0].exc_value)


def patch_threads(threading):
    _replace_hook(threading, "excepthook", lambda arguments: arguments[0].exc_value)


def _replace_hook(owner, name, error_in):
    original = getattr(owner, name)
    default = "__%s__" % name

    def hook(*args):
        try:
            _prune(error_in(args), set())
        except Exception:
            pass  # It is printed with a line of ours.
        original(*args)

    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(hook, attribute, getattr(original, attribute, None))
    # Programs compare the two to see whether anybody has set a hook of their own.
    if getattr(owner, default, None) is original:
        setattr(owner, default, hook)
    setattr(owner, name, hook)


def _is_ours(frame):
    code = getattr(frame, "f_code", None)
    return code is not None and code.co_filename.startswith(_FOLDER)


def _prune(error, seen):
    """Takes the hook's frames out of an error's traceback, and out of those that it came of."""
    if not isinstance(error, BaseException) or id(error) in seen or len(seen) > 100:
        return
    seen.add(id(error))
    head = error.__traceback__
    while head is not None and _is_ours(head.tb_frame):
        head = head.tb_next
    if head is not error.__traceback__:
        error.__traceback__ = head
    while head is not None:
        following = head.tb_next
        while following is not None and _is_ours(following.tb_frame):
            following = following.tb_next
        if following is not head.tb_next:
            head.tb_next = following
        head = following
    _prune(error.__cause__, seen)
    _prune(error.__context__, seen)
    for inner in getattr(error, "exceptions", ()):
        _prune(inner, seen)
