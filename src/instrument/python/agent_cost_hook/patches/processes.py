"""subprocess: child processes as tools, also those of asyncio, which uses Popen."""

import os

from .. import events, frames, spans
from . import replace

_SPAN = "_agent_cost_span"
# Libraries that run programs to learn about the machine, on the way to something else.
_PROBES = ("platform", "ctypes", "uuid", "distro", "sysconfig", "_osx_support", "multiprocessing", "openai", "torch", "numpy")


def patch(module):
    def make(original):
        def __init__(self, *args, **kwargs):
            started = events.now()
            original(self, *args, **kwargs)
            _begin(self, args, kwargs, started)

        return __init__

    replace(module.Popen, "__init__", make)
    # Every way to learn of the end sets this attribute: wait, poll, communicate, asyncio's watchers, the destructor.
    if "returncode" not in vars(module.Popen):
        module.Popen.returncode = property(_returncode, _set_returncode, _delete_returncode)


def _returncode(self):
    try:
        return self.__dict__["returncode"]
    except KeyError:
        raise AttributeError("returncode") from None


def _set_returncode(self, value):
    self.__dict__["returncode"] = value
    span = self.__dict__.get(_SPAN)
    if span is not None and value is not None:
        del self.__dict__[_SPAN]
        _finish(span, value)


def _delete_returncode(self):
    del self.__dict__["returncode"]


def _begin(process, args, kwargs, started):
    try:
        if any(name.split(".")[0] in _PROBES for name in frames.modules_before_user()):
            return
        origin = frames.capture()
        program = _program(args[0] if args else kwargs.get("args"), bool(kwargs.get("shell", args[8] if len(args) > 8 else False)))
        span = spans.Span(spans.kind_of(origin), "process", origin, spans.tool_name(origin.frames) or program, program, None, started)
        if process.returncode is None:
            process.__dict__[_SPAN] = span
        else:
            _finish(span, process.returncode)
    except Exception:
        pass  # The process runs unseen.


def _finish(span, code):
    if code == 0:
        span.end()
    else:
        span.end(None, "exit code %d" % code if code > 0 else "signal %d" % -code)


def _program(command, shell):
    if isinstance(command, (str, bytes, os.PathLike)):
        text = os.fsdecode(command)
        if shell:
            # Not the whole line: it may hold anything.
            text = (text.split() or ["sh"])[0]
    else:
        text = os.fsdecode(list(command)[0])
    return os.path.basename(text) or text
