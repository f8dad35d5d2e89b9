"""The event file: one line per event, written as soon as it is told of, but for ends of functions (`emit_end_soon`).

Nothing in here raises or blocks on a lock.
"""

import itertools
import sys
from _collections import deque

from . import json_text
from .system import fcntl, os, time

_O_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
# Programs expect small descriptor numbers for their own files, and some close every small one.
_LOWEST_DESCRIPTOR = 200
_MAX_FILES = 1000

_ids = itertools.count(1)
_writer = None
# Asked whether somebody will call `flush` soon; None while nobody will.
flush_is_near = None


def now():
    """Milliseconds of the process's monotonic clock."""
    return time.monotonic_ns() / 1e6


def new_id(thread_ident):
    """An id for a call or span, unique in the session."""
    return "%d-%s-%d" % (os.getpid(), thread_ident, next(_ids))


def start(session, arguments):
    """Opens this process's file, says hello, and says bye when the interpreter ends."""
    global _writer
    import atexit

    _writer = _Writer(session.events_dir, arguments)
    _writer.hello()
    atexit.register(_writer.bye)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_writer.after_fork)


def emit(event, sites=None):
    """Writes one event; `sites` are its frames."""
    emit_together([(event, sites)])


def emit_together(entries):
    """Writes events, each with its frames (or None), at once: that takes little longer than one of them does."""
    if _writer is not None:
        _writer.hello()
        _writer.write(entries)


def emit_end(ident, at, status, error=None, result_bytes=None):
    """Writes the end of the span `ident`, at milliseconds of `now()`."""
    emit_together([(_end(ident, at, status, error, result_bytes), None)])


def emit_end_soon(ident, at, status, error):
    """As `emit_end`, but with what is written next, where that or a flush is near: to write costs more than all else about a short function."""
    if _writer is not None:
        _writer.write_soon((_end(ident, at, status, error, None), None))


def flush():
    """Writes what was put off."""
    if _writer is not None:
        _writer.write([])


def _end(ident, at, status, error, result_bytes):
    if error is None and result_bytes is None:
        # Nearly all are like this, and hold nothing that has to be looked at letter by letter.
        return '{"type":"spanEnd","t":%r,"id":"%s","status":"%s","error":null,"resultBytes":null}' % (at, ident, status)
    return {"type": "spanEnd", "t": at, "id": ident, "status": status, "error": error, "resultBytes": result_bytes}


def ensure_hello():
    """Makes a forked process known before its first request is."""
    if _writer is not None:
        _writer.hello()


def dropped():
    """How many of this process's events could not be written."""
    return 0 if _writer is None else _writer.dropped()


def finish_with_multiprocessing(util):
    """Says bye in workers of multiprocessing, which end without running atexit."""
    if _writer is not None:
        util.register_after_fork(_writer, lambda writer: util.Finalize(None, writer.bye, exitpriority=0))


def _line_of(event, sites):
    text = event if isinstance(event, str) else json_text.dump(event)
    return (text if sites is None else json_text.with_member(text, "frames", [site.text() for site in sites])) + "\n"


class _Writer:
    def __init__(self, folder, arguments):
        self._folder = folder
        self._arguments = arguments
        self._open_file(None, None)
        self._dropped = 0
        self._torn = False
        self._greeted = False
        self._ended = False
        # What was put off; threads take from it one by one, so that each has what no other has.
        self._waiting = deque()
        self._may_put_off = True

    def dropped(self):
        return self._dropped

    def after_fork(self):
        """The child's events go to a file of its own, opened with its first event: it may exec right away."""
        # The inherited descriptor is the parent's file, and what waits is the parent's to write.
        self._close()
        self._waiting.clear()
        # Forked children leave by os._exit, of which nobody hears.
        self._may_put_off = False
        self._dropped = 0
        self._torn = False
        self._greeted = False
        self._ended = False

    def hello(self):
        if self._greeted:
            return
        self._greeted = True
        try:
            working_folder = os.getcwd()
        except OSError:
            working_folder = ""
        hello = {
            "type": "hello",
            "t": now(),
            "epochMs": time.time_ns() / 1e6,
            "pid": os.getpid(),
            "ppid": os.getppid(),
            "runtime": "python",
            "runtimeVersion": "%d.%d.%d" % sys.version_info[:3],
            "argv": [without_secrets(word) for word in self._arguments],
            "cwd": working_folder,
        }
        self.write([(hello, None)])

    def bye(self):
        if self._greeted and not self._ended:
            if self._dropped:
                # In a file of its own, as the first one took no more: what was lost is to be known.
                self._close()
                self._torn = False
            self.write([({"type": "bye", "t": now(), "dropped": self._dropped}, None)])
            self._ended = True

    def write_soon(self, entry):
        """As `write`, unless that is seen to soon."""
        self._waiting.append(entry)
        # Asked only now: who stops to see to it looks for what waits after having said so.
        if not (self._may_put_off and flush_is_near is not None and flush_is_near()):
            self.write([])

    def write(self, entries):
        """Events, each as an object or as its JSON, with its frames or None; before them what was put off."""
        if self._ended:
            return  # From destructors while the interpreter goes down: what is still open stays open.
        if self._waiting:
            entries = self._taken() + entries
        if not entries:
            return
        rest = None
        try:
            lines = "".join([_line_of(event, sites) for event, sites in entries]).encode("ascii")
            descriptor = self._descriptor_to_write()
            if descriptor is not None:
                rest = lines
                if self._torn:
                    lines = b"\n" + lines
                rest = lines[os.write(descriptor, lines) :]
                self._torn = len(rest) > 0
        except Exception:
            pass  # A full disk, a removed folder, an interpreter on its way out: the events are lost and counted.
        if rest is None:
            self._dropped += len(entries)
        elif rest:
            self._dropped += min(len(entries), rest.count(b"\n"))

    def _taken(self):
        entries = []
        try:
            while True:
                entries.append(self._waiting.popleft())
        except IndexError:
            return entries

    def _open_file(self, descriptor, identity):
        self._descriptor = descriptor
        self._identity = identity

    def _descriptor_to_write(self):
        if self._descriptor is not None:
            try:
                status = os.fstat(self._descriptor)
                if (status.st_dev, status.st_ino) == self._identity:
                    return self._descriptor
            except OSError:
                pass  # The program closed every descriptor, as daemons do.
            # The number may belong to a file of the program's by now: it is not ours to close.
            self._open_file(None, None)
        pid = os.getpid()
        for number in range(_MAX_FILES):
            try:
                descriptor = os.open(os.path.join(self._folder, "events-%d-%d.ndjson" % (pid, number)), _O_FLAGS, 0o600)
            except FileExistsError:
                continue
            except OSError:
                return None
            descriptor = moved_up(descriptor)
            status = os.fstat(descriptor)
            self._open_file(descriptor, (status.st_dev, status.st_ino))
            return descriptor
        return None

    def _close(self):
        descriptor, identity = self._descriptor, self._identity
        self._open_file(None, None)
        if descriptor is None:
            return
        try:
            status = os.fstat(descriptor)
            if (status.st_dev, status.st_ino) == identity:
                os.close(descriptor)
        except OSError:
            pass  # Already closed by the program.


def moved_up(descriptor):
    """The descriptor under a number that no program uses, where that is to be had."""
    try:
        higher = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _LOWEST_DESCRIPTOR)
    except (AttributeError, OSError):
        return descriptor  # Windows, or a limit on open files below the number.
    os.close(descriptor)
    return higher


# What a secret begins with, in lower case: a cheap look before a regular expression is even imported.
_SECRET_MARKS = ("sk-", "gh", "xox", "hf_", "bot", "akia", "key", "token", "secret", "password")
_secret = None


def without_secrets(text):
    """The text without what looks like a key or token: nothing of the kind is written to disk."""
    global _secret
    lower = text.lower()
    if not any(mark in lower for mark in _SECRET_MARKS):
        return text
    if _secret is None:
        import re

        # Prefixes that the issuers themselves document (OpenAI, GitHub, Slack, Hugging Face, Telegram, AWS), and `…key=…`.
        _secret = re.compile(
            r"(\bsk-|\bgh[pousr]_|\bxox[abprs]-|\bhf_|\bbot\d+:|\bAKIA|(?:key|token|secret|password)=)[\w\-]{6,}", re.IGNORECASE
        )
    return _secret.sub(r"\1…", text)
