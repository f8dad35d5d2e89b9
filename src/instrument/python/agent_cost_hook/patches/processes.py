"""subprocess: child processes as tools, also those of asyncio, which uses Popen."""

import os

from .. import events, frames, safe_text, spans
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
        packages = {name.split(".")[0] for name in frames.modules_before_user()}
        origin = frames.capture()
        # What no user code asked for is none of the program's tools: service processes, probes of the machine.
        if not origin.frames or not packages.isdisjoint(_PROBES):
            return
        shell = bool(kwargs.get("shell", args[8] if len(args) > 8 else False))
        program, first = _command(args[0] if args else kwargs.get("args"), shell)
        # An MCP server runs for as long as its client: it is where tools live, not a tool's run.
        kind = "other" if "mcp" in packages else "tool"
        name = spans.tool_name(origin.frames) or os.path.basename(program) or program
        span = spans.Span(kind, "process", origin, name, safe_text.process(program, first), None, started)
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


def _command(command, shell):
    """Program and first argument."""
    if isinstance(command, (str, bytes, os.PathLike)):
        text = os.fsdecode(command)
        # On Windows a string is a command line also without a shell.
        return safe_text.split_command(text) if shell or os.name == "nt" else (text, None)
    words = [os.fsdecode(word) for word in list(command)[:2]]
    if shell:
        return safe_text.split_command(words[0])
    return words[0], (words[1] if len(words) > 1 else None)
