"""What a thread or a task spends its time on, in the words of `activitySchema` (src/profile/recordingFormat.ts); None where nothing tells."""

import sys

from .system import os, time

# (module, function) -> activity: what library code that stands on the stack is there for.
_FUNCTIONS = {
    ("threading", "wait"): "lock",
    ("threading", "acquire"): "lock",
    ("threading", "join"): "lock",
    ("threading", "_wait_for_tstate_lock"): "lock",
    ("queue", "get"): "lock",
    ("queue", "put"): "lock",
    ("concurrent.futures._base", "result"): "lock",
    ("concurrent.futures._base", "exception"): "lock",
    ("concurrent.futures._base", "wait"): "lock",
    ("concurrent.futures._base", "as_completed"): "lock",
    ("concurrent.futures.thread", "shutdown"): "lock",
    ("asyncio.tasks", "sleep"): "sleep",
    ("anyio._backends._asyncio", "sleep"): "sleep",
    ("asyncio.base_subprocess", "_wait"): "process",
    ("openai._base_client", "_sleep_for_retry"): "backoff",
    ("anthropic._base_client", "_sleep_for_retry"): "backoff",
    ("urllib3.util.retry", "sleep"): "backoff",
    ("tenacity.nap", "sleep"): "backoff",
    ("tenacity.nap", "sleep_using_event"): "backoff",
    ("tenacity.asyncio", "_portable_async_sleep"): "backoff",
    ("tenacity._asyncio", "_portable_async_sleep"): "backoff",
    ("google.api_core.retry.retry_base", "_retry_error_helper"): "backoff",
}
# Modules all of whose functions that wait do so for the same.
_MODULES = {
    "subprocess": "process",
    "asyncio.subprocess": "process",
    "multiprocessing.popen_fork": "process",
    "multiprocessing.popen_spawn_win32": "process",
    "multiprocessing.connection": "process",
    "asyncio.locks": "lock",
    "asyncio.queues": "lock",
    "backoff._sync": "backoff",
    "backoff._async": "backoff",
    "socket": "socket",
    "ssl": "socket",
    "http.client": "socket",
    "asyncio.streams": "socket",
    "asyncio.sslproto": "socket",
    "anyio._backends._asyncio": "socket",
    "aiohttp.streams": "socket",
    "aiohttp.client_proto": "socket",
    "aiohttp.connector": "socket",
    "httpcore._backends.sync": "socket",
    "httpcore._backends.anyio": "socket",
    "httpcore2._backends.sync": "socket",
    "httpcore2._backends.anyio": "socket",
}
# Frames above which a library's innermost one is not looked for.
_DEPTH = 12

# System calls of Linux by number (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
_SLEEPS, _WAITS, _LOCKS, _SOCKETS, _POLLS, _READS, _FILES = range(7)
_CALLS = {
    "x86_64": {
        _SLEEPS: (35, 230),
        _WAITS: (61, 247),
        _LOCKS: (73,),
        _SOCKETS: (42, 43, 44, 45, 46, 47, 288),
        _POLLS: (7, 23, 232, 270, 271, 281, 441),
        _READS: (0, 1, 17, 18, 19, 20),
        _FILES: (2, 4, 5, 6, 74, 75, 82, 83, 87, 217, 257, 262, 332),
    },
    "aarch64": {
        _SLEEPS: (101, 115),
        _WAITS: (95, 260),
        _LOCKS: (32,),
        _SOCKETS: (202, 203, 206, 207, 211, 212, 242),
        _POLLS: (22, 72, 73, 441),
        _READS: (63, 64, 65, 66, 67, 68),
        _FILES: (34, 35, 38, 56, 61, 79, 80, 82, 83, 291),
    },
}
_FUTEX = {"x86_64": 202, "aarch64": 98}
# poll, select and their like, which wait for nothing but the time when they are given no files.
_COUNT_ARGUMENT = {"x86_64": {7: 1, 271: 1, 23: 0, 270: 0}, "aarch64": {73: 1, 72: 0}}
# A thread that had this share of a processor since it was last looked at was computing, whatever it does just now.
_COMPUTING_SHARE = 0.5
# One that had this share and waits for a lock waits for its turn to run Python, mostly.
_BUSY_SHARE = 0.2

_machine = os.uname().machine if hasattr(os, "uname") and sys.platform == "linux" else None
_kind_of_call = {number: kind for kind, numbers in _CALLS.get(_machine, {}).items() for number in numbers}


def of_frames(frames):
    """What the library code between the user's innermost frame and the wait is there for. `frames`: innermost first, user's code excluded."""
    found = None
    for frame in frames[:_DEPTH]:
        module = frame.f_globals.get("__name__")
        activity = _FUNCTIONS.get((module, frame.f_code.co_name)) or _MODULES.get(module)
        if activity == "backoff":
            return activity
        found = found or activity
    return found


def busy_ns(native_id):
    """Nanoseconds that a thread has had a processor until now, or None. Of Linux, and without letting another thread run in between."""
    if _machine is None or native_id is None:
        return None
    try:
        # CPUCLOCK_PERTHREAD and CPUCLOCK_SCHED of include/linux/posix-timers_types.h, as pthread_getcpuclockid() says; that takes
        # the thread to be there still, and crashes where it is not.
        return time.clock_gettime_ns((~native_id << 3) | 6)
    except OSError:
        return None


class Threads:
    """Asks the system what threads do. Of Linux; elsewhere it knows nothing."""

    def __init__(self):
        # Native id -> (time of asking, nanoseconds on a processor until then).
        self._busy = {}

    def forget_but(self, native_ids):
        for native_id in [each for each in self._busy if each not in native_ids]:
            del self._busy[native_id]

    def of(self, native_id, busy, now):
        """The activity of a thread, by its native id. `busy`: what busy_ns said of it at `now`, in milliseconds."""
        if _machine not in _CALLS or native_id is None:
            return None
        share = self._share(native_id, busy, now)
        if share is not None and share >= _COMPUTING_SHARE:
            # Asked first: what it does just now may be what it did after its stack was looked at.
            return "cpu"
        words = (_read("/proc/self/task/%d/syscall" % native_id) or "").split()
        if not words:
            return "cpu" if share is not None and share >= _BUSY_SHARE else None
        if words[0] == "running":
            return "cpu"
        number = int(words[0])
        if number == _FUTEX[_machine]:
            # A lock, or the turn of another thread to run Python (which may be the one that asks).
            return "lock" if share is not None and share < _BUSY_SHARE else "cpu"
        return self._of_call(number, words[1:7])

    def _of_call(self, number, arguments):
        kind = _kind_of_call.get(number)
        if kind == _POLLS:
            place = _COUNT_ARGUMENT[_machine].get(number)
            return "sleep" if place is not None and int(arguments[place], 16) == 0 else "socket"
        if kind == _READS:
            return _of_descriptor(int(arguments[0], 16))
        return {_SLEEPS: "sleep", _WAITS: "process", _LOCKS: "lock", _SOCKETS: "socket", _FILES: "file"}.get(kind)

    def _share(self, native_id, busy, now):
        """The thread's share of a processor since it was last asked for, or None."""
        if busy is None:
            return None
        before = self._busy.get(native_id)
        self._busy[native_id] = (now, busy)
        if before is None or now <= before[0]:
            return None
        return (busy - before[1]) / 1e6 / (now - before[0])


def _of_descriptor(descriptor):
    try:
        target = os.readlink("/proc/self/fd/%d" % descriptor)
    except OSError:
        return "file"
    if descriptor == 0 or target.startswith(("/dev/pts/", "/dev/tty")):
        return "input"
    if target.startswith("socket:"):
        return "socket"
    # What another program says, mostly.
    return "process" if target.startswith("pipe:") else "file"


def _read(path):
    """The file's text, or None. Without file objects, which warn when an interpreter that is told to ends in between."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, 512).decode("ascii", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)
