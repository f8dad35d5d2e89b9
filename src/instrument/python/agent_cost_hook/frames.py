"""Whose line it was: the user's frames of the current call, continued to where its thread, work item or task was made.

The stack alone is often wrong. In a task, the frame below the coroutine is the event loop, and below that the
`asyncio.run(...)` line, which called nothing; in a pool's thread there is no user frame at all. So the places that
hand work over are noted as they do it (`patches/threads.py`, `executors.py`, `tasks.py`, `openai_resources.py`) and
the walk goes on from there. Nothing is wrapped for that: no extra frames in tracebacks, no changed contexts.
"""

import contextvars
import itertools
import sys
from _weakref import ref  # weakref itself takes longer to import than this module

from . import events, json_text
from .system import os

MAX_FRAMES = 20
# Stop looking in runaway recursion: the innermost frames are those that matter.
_MAX_DEPTH = 400
_MAX_CACHED = 20000
# Characters of a cell that is told of.
_MAX_CELL = 200000

# Attribute of threads, work items and tasks that holds their Origin.
ORIGIN = "_agent_cost_origin"

_USER, _MAIN_ONLY, _LIBRARY, _SDK = range(4)
# The module of the functions that an executor's threads run.
_EXECUTORS = "concurrent.futures.thread"

HOOK_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
try:
    _START_FOLDER = os.getcwd()
except OSError:
    _START_FOLDER = ""  # The folder was removed under the program.

# Tasks that make tasks that make tasks are looked through no further.
_MOST_MAKERS = 20

# inspect.CO_*: importing inspect takes longer than all else at start.
_CO_GENERATOR, _CO_COROUTINE, _CO_ITERABLE_COROUTINE, _CO_ASYNC_GENERATOR = 0x20, 0x80, 0x100, 0x200
_ASYNC = _CO_COROUTINE | _CO_ITERABLE_COROUTINE | _CO_ASYNC_GENERATOR
_SUSPENDABLE = _ASYNC | _CO_GENERATOR

NO_USER_CODE = "no frame of your own code is on the stack, only libraries"
LIBRARY_THREAD = "called in a background thread that a library started"
UNKNOWN_TASK = "called in an asyncio task that a library started"


class Origin:
    """The user's frames at some point, and the span (of `spans.py`) that was running there.

    `after` is told of points where work was handed over: the tag's id of the model call that the work comes after, as far as is known.
    `work` is, for what runs in a pool's thread, the Origin of its piece of work. `maker`, of points where work was handed over: a weak
    reference to the task that did so, None where none did.
    """

    __slots__ = ("frames", "unattributed", "span", "after", "work", "maker")

    def __init__(self, frames, unattributed, span):
        self.frames = frames
        self.unattributed = unattributed
        self.span = span
        self.after = None
        self.work = None
        self.maker = None


class Site(dict):
    """File, line, column and function of a frame."""

    __slots__ = ("_text",)

    def text(self):
        """Its JSON, made once."""
        try:
            return self._text
        except AttributeError:
            text = self._text = json_text.dump(self)
            return text


# id of a coroutine's frame -> (weak reference to the coroutine, Origin).
_coroutines = {}
# (id of code, instruction) -> (site, code): by identity, as a code object's hash takes as long as the code is.
_sites = {}
# file name of code -> one of _USER ... _SDK.
_kinds = {}
# Names of the cells of notebooks whose text was told.
_cells = set()
# Code of concurrent.futures.thread._WorkItem.run, once that module is imported.
_work_item_code = None
# The span that encloses what runs here. Only our own variable: contexts are the program's.
current_span = contextvars.ContextVar("agent_cost_span", default=None)
# Whether functions.py is told when a pool's thread begins its next piece of work.
work_is_seen = hasattr(sys, "monitoring")
# The tag's id of the last model call that was sent in the course of the program that runs here.
last_call = contextvars.ContextVar("agent_cost_call", default=None)


def follow_work_items(run):
    """Names the function that runs a pool's work item."""
    global _work_item_code
    _work_item_code = run.__code__


def remember_coroutine(coroutine):
    """Notes where a coroutine was made, for when it runs in a task. Raises nothing. False where it is no coroutine of Python's."""
    try:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is None:
            return False
        key = id(frame)
        known = _coroutines.get(key)
        if known is not None and known[0]() is coroutine:
            return True
        origin = _handed_over()

        def forget(reference):
            current = _coroutines.get(key)
            if current is not None and current[0] is reference:
                del _coroutines[key]

        _coroutines[key] = (ref(coroutine, forget), origin)
    except Exception:
        pass  # The call stays unattributed.
    return True


def remember(made):
    """Notes where a thread, a work item or a task was made. Raises nothing."""
    try:
        setattr(made, ORIGIN, _handed_over())
    except Exception:
        pass  # What it does stays unattributed.


def capture(skipped=0):
    """The Origin of what runs here; `skipped`: frames of the hook's own above here, known to its caller, that need no look."""
    return _walked(sys._getframe(1 + skipped), enclosing_span(), None)


def _handed_over():
    origin = capture(1)
    origin.after = after_of(origin)
    task = current_task()
    origin.maker = None if task is None else ref(task)
    return origin


def current_task():
    """The asyncio task that runs here, or None."""
    module = sys.modules.get("asyncio.tasks")
    # To be told so by an exception takes many times as long.
    if module is None or module.events._get_running_loop() is None:
        return None
    return module.current_task()


def after_of(origin):
    """The tag's id of the model call that what begins here, of this Origin, comes after; None where there is none."""
    # A pool's thread, which goes on to its next piece of work in the same context, keeps in that what it called.
    return last_call.get() if origin.work is None else origin.work.after


def capture_thread(frame, ident, span=None):
    """The Origin of what runs in a thread, from a frame on its stack outwards. `span`: what is known to run around it."""
    return _walked(frame, span, ident)


def capture_suspended(coroutine_frames, task):
    """The Origin of a task that waits: its coroutines' frames, innermost first."""
    sites = [_site(frame, frame.f_code) for frame in coroutine_frames if is_users(frame.f_code)][:MAX_FRAMES]
    return _continued(sites, origin_of_task(coroutine_frames[-1] if coroutine_frames else None, task), UNKNOWN_TASK, None)


def origin_of_task(outermost, task):
    """Where a task was made, by its outermost coroutine's frame; None where that was not seen."""
    known = _coroutines.get(id(outermost))
    return getattr(task, ORIGIN, None) if known is None else known[1]


def makers_of(task):
    """The tasks that had a task made, the nearest first: those that are still there."""
    found = []
    while len(found) < _MOST_MAKERS:
        coroutine = task.get_coro()
        origin = origin_of_task(getattr(coroutine, "cr_frame", None), task)
        reference = None if origin is None else origin.maker
        task = None if reference is None else reference()
        if task is None:
            break
        found.append(task)
    return found


def is_users(code):
    """Whether code belongs to the user's own files."""
    kind = _kinds.get(code.co_filename)
    return (_kind_of(code.co_filename) if kind is None else kind) == _USER


def _walked(frame, span, ident):
    sites = []
    # Runs of functions that are met on the way, and after how many sites: what is outside of them need not be walked again.
    met = []
    run = span
    sdk_seen = False
    in_async = False
    for _ in range(_MAX_DEPTH):
        if frame is None:
            break
        code = frame.f_code
        flags = code.co_flags
        if in_async and not flags & _SUSPENDABLE:
            # Whatever drives a coroutine from here is an event loop, and its caller is not ours.
            return _continued(sites, None if ident is not None else _origin_of_task(frame), UNKNOWN_TASK, span, met)
        name = code.co_filename
        kind = _kinds.get(name)
        if kind is None:
            kind = _kind_of(name)
        if kind == _LIBRARY:
            if code is _work_item_code:
                work = getattr(frame.f_locals.get("self"), ORIGIN, None)
                origin = _continued(sites, work, LIBRARY_THREAD, span)
                origin.work = work
                return origin
        elif kind == _USER or (kind == _MAIN_ONLY and frame.f_globals.get("__name__") == "__main__"):
            if run is not None and getattr(run, "frame", None) is frame:
                met.append((run, len(sites)))
                run = run.outer
            sites.append(_site(frame, code))
            if len(sites) == MAX_FRAMES:
                break
        elif kind == _SDK and not sdk_seen:
            # User code inside the SDK's request (a transport, an event hook) did not make the call.
            sdk_seen = True
            sites.clear()
            met.clear()
        if flags & _ASYNC:
            in_async = True
            known = _coroutines.get(id(frame))
            if known is not None:
                coroutine = known[0]()
                # A frame's id is used again after its end: ask the coroutine.
                if coroutine is not None and coroutine.cr_frame is frame:
                    return _continued(sites, known[1], UNKNOWN_TASK, span)
        frame = frame.f_back
    if frame is None:
        thread = _thread(ident)
        if thread is not None and thread is not _main_thread():
            return _continued(sites, getattr(thread, ORIGIN, None), LIBRARY_THREAD, span, met)
        for run, before in met:
            run.called_from(sites[before:])
    return _ended(sites, NO_USER_CODE, span)


def _origin_of_task(driver):
    """Where the current task was made, if `driver` is the frame of an event loop: then what ran above it is that task."""
    if not str(driver.f_globals.get("__name__")).startswith(("asyncio.", "uvloop")):
        return None
    try:
        return getattr(sys.modules["asyncio.tasks"].current_task(), ORIGIN, None)
    except (KeyError, RuntimeError):
        return None  # Driven by something else than a running loop.


def enclosing_span():
    """The span that encloses what runs here and is still running: contexts outlive it in what was only started in it."""
    span = current_span.get()
    while span is not None and span.ended:
        span = span.origin.span
    return span


def is_coroutines(code):
    """Whether code is that of a coroutine."""
    return bool(code.co_flags & (_CO_COROUTINE | _CO_ITERABLE_COROUTINE))


def is_librarys(code):
    """Whether code belongs to a library."""
    kind = _kinds.get(code.co_filename)
    return (_kind_of(code.co_filename) if kind is None else kind) >= _LIBRARY


def modules_before_user():
    """Names of the modules on the stack between here and the innermost user frame."""
    frame = sys._getframe(1)
    names = []
    while frame is not None and len(names) < 60:
        kind = _kinds.get(frame.f_code.co_filename)
        if kind is None:
            kind = _kind_of(frame.f_code.co_filename)
        if kind < _LIBRARY:
            break
        names.append(frame.f_globals.get("__name__") or "")
        frame = frame.f_back
    return names


def definition_site(function):
    """Where a function of the user's is defined, or None for a library's or one that is not Python."""
    code = getattr(function, "__code__", None) or getattr(getattr(function, "__call__", None), "__code__", None)
    return None if code is None or not is_users(code) else definition_of(code)


def definition_of(code):
    """Where code is defined."""
    return _site_in(code, code.co_firstlineno, None)


def thread_name(ident=None):
    """`main`, or the thread's name; of the current thread where none is named. Never makes a thread object, as threading.current_thread() may."""
    thread = _thread(ident)
    if thread is None:
        return "main" if "threading" not in sys.modules else "thread"
    return "main" if thread is _main_thread() else str(thread.name)


def call_sent(ident, origin):
    """What follows in this task or thread comes after that call, which has this Origin: in a pool's thread until its next piece of work."""
    if origin.work is not None:
        origin.work.after = ident
    pool = _pool_of(None)
    if pool != "multiprocessing.pool" and (pool != _EXECUTORS or work_is_seen):
        last_call.set(ident)


def is_of_executor(ident):
    """Whether a thread does one piece of work after another, each of which has an Origin."""
    return _pool_of(ident) == _EXECUTORS


def _pool_of(ident):
    """The module whose pool a thread works for, else another or None."""
    return getattr(getattr(_thread(ident), "_target", None), "__module__", None)


def is_work_item(code):
    """Whether code runs a pool's piece of work."""
    return code is _work_item_code


def thread_ident():
    """A short name for the thread in ids."""
    thread = _thread(None)
    if thread is None or thread is _main_thread():
        return "main"
    return str(thread.ident)


def native_id(ident):
    """The system's number of a thread, or None."""
    thread = _thread(ident)
    return os.getpid() if thread is None and "threading" not in sys.modules else getattr(thread, "native_id", None)


def _thread(ident):
    threading = sys.modules.get("threading")
    if threading is None:
        return None
    return threading._active.get(threading.get_ident() if ident is None else ident)


def _main_thread():
    threading = sys.modules.get("threading")
    return None if threading is None else threading.main_thread()


def _continued(sites, origin, reason, span, met=()):
    if origin is not None:
        joined = (sites + origin.frames)[:MAX_FRAMES]
        return Origin(joined, None if joined else origin.unattributed or reason, span or origin.span)
    if span is None:
        return _ended(sites, reason, None)
    joined = _in_context(sites, span, met)[:MAX_FRAMES]
    return Origin(joined, None if joined else span.origin.unattributed or reason, span)


def _in_context(sites, span, met):
    """How the work came here was not seen, but its context came along: sites go on with what is around them by that."""
    if met:
        run, before = met[-1]
        return sites[: before + 1] + run.origin.frames[1:]
    frame = getattr(span, "frame", None)
    # A function that waits for this has gone on since something was begun in it.
    outer = span.origin.frames if frame is None else [_site(frame, frame.f_code)] + _callers_of(span, frame)
    if sites and sites[-1] in outer:
        outer = outer[outer.index(sites[-1]) + 1 :]
    return sites + outer


def _callers_of(run, frame):
    """Frames around a run of a function that waits somewhere else."""
    if frame.f_back is not None or not frame.f_code.co_flags & _ASYNC:
        return run.origin.frames[1:]
    # A coroutine that waits is on no stack.
    known = _coroutines.get(id(frame))
    coroutine = None if known is None else known[0]()
    if coroutine is not None and coroutine.cr_frame is frame:
        return known[1].frames
    return [] if run.outer is None else _in_context([], run.outer, ())


def _ended(sites, reason, span):
    return Origin(sites, None if sites else reason, span)


def _site(frame, code):
    instruction = frame.f_lasti
    key = (id(code), instruction)
    known = _sites.get(key)
    if known is None:
        if len(_sites) > _MAX_CACHED:
            _sites.clear()
        # With the code itself: its id is another's once it is gone.
        known = _sites[key] = (_site_in(code, frame.f_lineno, _column(code, instruction)), code)
    return known[0]


def _site_in(code, line, column):
    function = getattr(code, "co_qualname", code.co_name)
    return Site(file=_shown(code.co_filename), line=max(line or 1, 1), column=column, function=function)


def _column(code, instruction):
    """1-based, counted in bytes of UTF-8 as CPython does (the same as characters in ASCII lines); None before 3.11."""
    positions = getattr(code, "co_positions", None)
    if positions is None or instruction < 0:
        return None
    position = next(itertools.islice(positions(), instruction // 2, None), None)
    return None if position is None or position[2] is None else position[2] + 1


def _shown(name):
    """`/path/notebook.ipynb[3]` for code of a notebook's cell, whose file is a temporary one that nobody knows; else its file."""
    if "ipykernel_" in name or name.startswith("<ipython-input"):
        try:
            shell = sys.modules["IPython"].get_ipython()
            # The editor tells the kernel the notebook's path in a variable, the server in the environment.
            notebook = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or "notebook"
            number = shell.compile._filename_map[name]
            cell = "%s[%d]" % (notebook, number)
            _tell_cell(cell, shell, number)
            return cell
        except Exception:
            pass  # Another IPython than those we know, or none.
    return _absolute(name)


def _tell_cell(cell, shell, number):
    """What the cell holds, as it was typed; once, with the first of its lines that is named."""
    if cell in _cells:
        return
    _cells.add(cell)
    try:
        text = shell.history_manager.input_hist_raw[number]
        if len(text) <= _MAX_CELL:
            events.emit({"type": "cell", "t": events.now(), "file": cell, "text": text})
    except Exception:
        pass  # A kernel without a history: its lines are recorded all the same.


def _absolute(name):
    if name.startswith("<") or os.path.isabs(name):
        return name
    return os.path.normpath(os.path.join(_START_FOLDER, name))


def _kind_of(name):
    kind = _classified(name)
    if len(_kinds) > _MAX_CACHED:
        _kinds.clear()
    _kinds[name] = kind
    return kind


def _library_folders():
    standard = os.path.dirname(os.__file__)
    folders = {standard, os.path.realpath(standard)}
    for entry in sys.path:
        # python3XX.zip and lib-dynload.
        if entry.endswith(".zip") and os.path.basename(entry).startswith("python"):
            folders.add(entry)
    return tuple(os.path.normcase(folder) + os.sep for folder in folders)


_LIBRARY_FOLDERS = _library_folders()
_PROGRAM_FOLDERS = tuple(
    os.path.normcase(os.path.join(prefix, folder)) for prefix in {sys.prefix, sys.base_prefix} for folder in ("bin", "Scripts")
)
# Where the SDKs send their requests from.
_SDK_CLIENTS = ("/openai/_base_client.py", "/anthropic/_base_client.py")
# Debuggers run from outside of site-packages and stand between the program's frames and the interpreter.
_DEBUGGERS = ("/debugpy/", "/_pydevd_bundle/", "/pydevd/", "/_pydev_bundle/")


def _classified(name):
    if name.startswith("<"):
        if name.startswith("<ipython-input"):
            return _USER
        # Code of `python -c` and of the interactive prompt, but not what libraries exec (namedtuple, dataclasses).
        return _MAIN_ONLY if name in ("<string>", "<stdin>") else _LIBRARY
    absolute = _absolute(name)
    if absolute.startswith(HOOK_FOLDER):
        return _LIBRARY
    path = absolute.replace("\\", "/")
    if "/site-packages/" in path or "/dist-packages/" in path:
        return _SDK if path.endswith(_SDK_CLIENTS) else _LIBRARY
    if os.path.normcase(absolute).startswith(_LIBRARY_FOLDERS) or any(part in path for part in _DEBUGGERS):
        return _LIBRARY
    if os.path.normcase(os.path.dirname(absolute)) in _PROGRAM_FOLDERS:
        return _LIBRARY  # Console scripts such as pytest.
    return _USER
