"""Looks every few milliseconds at what the program does between a model's answer and the next request, and only then.

A stretch in which a thread or task stands in the same functions of the user's and does the same (computes, sleeps, waits for a
lock, a socket, a file, a process) becomes one span of source `sampled`. The thread that looks is none of `threading`'s: the program
does not find it among its own. It takes no signals, is not there while the program forks, and takes less than 2 % of a processor.
"""

import sys

from . import activities, events, frames, functions, strands
from .system import os, time

_FIRST_EVERY_S = 0.005
_FIRST_EVERY_NS = 5_000_000
# (seconds that a gap has lasted, seconds between two looks from then on).
_LATER_EVERY_S = ((2.0, 0.010), (10.0, 0.020))
_SELDOM_S = 0.1
# Without a timer: looks in vain, while a model is asked, after which the thread sleeps until the answer. To wake it costs the program
# more than a look does: where answers come at once it is not to be woken for each.
_LOOKS_IN_VAIN = 4
# Of one processor, however long the stacks are.
_MOST_OF_CPU = 0.016
# Tasks that are looked at; of a program with more of them at once, these many.
_MOST_TASKS = 64
# A program that is stopped for long in a debugger, or a machine that slept: what was seen last is not what went on.
_LOST_AFTER_S = 0.5
# Programs close descriptors that they do not know, so that a timer may ring no more: this is looked for.
_TIMER_LOST_MS = 250
_BUILT_IN = type(len)
# How often it is looked whether the thread is gone, 0.2 ms apart.
_EXIT_LOOKS = 500

# Functions of an event loop, below which there is only who started it.
_LOOPS = frozenset(("_run_once", "run_forever", "run_until_complete"))
# Functions that wait for other tasks or for a thread, which are looked at themselves.
_WAITS_FOR_OTHERS = frozenset(
    (
        ("asyncio.tasks", "_wait"),
        ("asyncio.tasks", "wait_for"),
        ("asyncio.taskgroups", "__aexit__"),
        ("asyncio.threads", "to_thread"),
        ("anyio._backends._asyncio", "__aexit__"),
        ("anyio._backends._asyncio", "run_sync_in_worker_thread"),
    )
)

class _Stretch:
    """Ticks in a row in which the same was seen."""

    __slots__ = ("functions", "activity", "origin", "name", "thread", "parent", "after", "began", "seen", "id")

    def __init__(self, functions, activity, origin, name, thread, parent, after, began):
        self.functions = functions
        self.activity = activity
        self.origin = origin
        self.name = name
        self.thread = thread
        self.parent = parent
        self.after = after
        self.began = began
        self.seen = began
        self.id = None

    def write(self):
        """Says that it goes on: whoever watches sees it, and a program that is killed leaves it."""
        self.id = events.new_id("sampler")
        event = {
            "type": "span",
            "t": self.began,
            "id": self.id,
            "kind": "other",
            "name": self.name,
            "parent": None if self.parent is None else self.parent.id,
            "thread": self.thread,
            "unattributed": None,
            "source": "sampled",
            "evidence": "sampled",
            "activity": self.activity,
            "detail": None,
            "callId": None,
        }
        if self.after is not None:
            event["after"] = self.after
        events.emit(event, self.origin.frames)

    def end(self, at):
        if self.id is None:
            self.write()
        events.emit_end(self.id, max(at, self.began), "ok")


class _Timer:
    """
    What the thread sleeps for while a model is asked. It is set with an answer and put off with the next call, which wakes nobody:
    to hand the interpreter to a thread that finds nothing to see costs the program more than all else in here.
    """

    __slots__ = ("_descriptor", "_poll")

    def __init__(self, poll):
        self._descriptor = events.moved_up(os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC))
        self._poll = poll()
        self._poll.register(self._descriptor, 1)  # POLLIN

    def set(self, ns):
        """Has it ring so much later, or not (0). False where it is lost."""
        try:
            os.timerfd_settime_ns(self._descriptor, initial=ns)
        except OSError:
            return False
        return True

    def has_rung(self):
        """Waits for it for a while. True also where it is lost."""
        return bool(self._poll.poll(_TIMER_LOST_MS)) or not self._is_there()

    def close(self):
        if self._is_there():
            os.close(self._descriptor)

    def _is_there(self):
        try:
            return "timerfd" in os.readlink("/proc/self/fd/%d" % self._descriptor)
        except OSError:
            return False


def _timer(thread_module):
    """A timer, or None where the system or Python (before 3.13) has none, or threads are those of gevent, which must not wait in the system."""
    try:
        from select import poll

        if hasattr(os, "timerfd_create") and type(poll) is _BUILT_IN and type(thread_module.start_new_thread) is _BUILT_IN:
            return _Timer(poll)
    except (ImportError, OSError):
        pass
    return None


def watcher():
    """What is to be told of calls (see strands.py), or None where nothing can be seen. No thread runs before the first answer."""
    if not hasattr(sys, "_current_frames"):
        return None
    import atexit

    sampler = _Sampler()
    atexit.register(sampler.stop)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=sampler.before_fork, after_in_parent=sampler.go_on, after_in_child=sampler.after_fork)
    return sampler.on_flight


class _Sampler:
    def __init__(self):
        self._thread_module = sys.modules["_thread"]
        self._stopped_for_fork = False
        self._threads = activities.Threads()
        # Strand (a thread's ident, or the id of a task) -> _Stretch.
        self._stretches = {}
        # Those strands that have called a model while a look goes on: what it sees of them is over.
        self._called = set()
        self._looks_now = False
        # Thread -> (its native id, nanoseconds that it had a processor, id and instruction of its innermost frame),
        # whether that was so at the look before, too, and what was found.
        self._looks = {}
        self._timer = None
        self._reset()

    def _reset(self):
        # Held while the thread has nothing to look at, and for as long as it sleeps between two looks.
        self._alarm = self._thread_module.allocate_lock()
        self._alarm.acquire()
        # Held while the thread runs.
        self._running = self._thread_module.allocate_lock()
        self._is_on = False
        # It sleeps until the next answer, or until that is a while ago.
        self._sleeps = False
        # The timer will end that sleep.
        self._is_timed = False
        # Answers until now.
        self._answers = 0
        self._ident = None
        self._native_id = None
        self._gap_began = None
        self._last_tick = None
        self._looked = False
        self._cost_s = 0.0
        # The thread's time when it had last looked, in the same gap.
        self._last_ended = None

    def on_flight(self, strand, in_flight):
        """A strand calls a model, or has its answer."""
        if in_flight:
            # What a task computed was seen in its thread.
            for key in (strand.ident,) if strand.task is None else (strand.ident, id(strand.task())):
                if self._looks_now:
                    self._called.add(key)
                stretch = self._stretches.pop(key, None)
                if stretch is not None:
                    stretch.end(events.now())
            # It may wait for another strand that has its answer: then it rings.
            if self._is_timed and strands.is_none_between_calls():
                self._is_timed = False
                self._set_timer(0)
            # The next look may be long after.
            events.flush()
            return
        self._gap_began = events.now()
        self._answers += 1
        if not self._is_on:
            self._begin()
        elif self._sleeps:
            self._wake_later()

    def _begin(self):
        # Taken here rather than by the thread: whoever stops it waits for it also before it has come to run.
        if not self._running.acquire(False):
            return
        self._is_on = True
        events.flush_is_near = self._looks_soon
        self._native_id = None
        if self._timer is None:
            self._timer = _timer(self._thread_module)
        try:
            self._thread_module.start_new_thread(self._run, ())
        except RuntimeError:
            self._is_on = False  # The machine or the interpreter allows no more threads.
            self._running.release()

    def _looks_soon(self):
        """Whether the thread's next look is near."""
        return self._is_on and (self._is_timed or not self._sleeps)

    def _wake(self):
        self._set_timer(1)
        try:
            self._alarm.release()
        except RuntimeError:
            pass  # It is awake.

    def _wake_later(self):
        """Has it look when this answer is a while ago, unless the next call comes before: then it is not even woken, where there is a timer."""
        if self._timer is None:
            self._wake()
        elif not self._is_timed:
            self._is_timed = True
            self._set_timer(_FIRST_EVERY_NS)

    def _set_timer(self, ns):
        timer = self._timer
        if timer is not None and not timer.set(ns):
            self._timer = None

    def stop(self):
        """Ends the thread and waits for it: for a fork, and at the end of the program."""
        if not self._is_on:
            return
        self._is_on = False
        self._wake()
        # It may be past its last look at the flag only for as long as one tick takes.
        if self._running.acquire(timeout=1):
            self._running.release()
        self._end_all(events.now())
        events.flush()

    def before_fork(self):
        """Forking with a second thread about is warned of."""
        self._stopped_for_fork = self._is_on
        self.stop()
        if self._stopped_for_fork and self._native_id is not None:
            # To the system it lives on for a moment, and that is who is asked for the number of threads.
            task = "/proc/self/task/%d" % self._native_id
            for _ in range(_EXIT_LOOKS):
                if not os.path.exists(task):
                    break
                time.sleep(0.0002)

    def go_on(self):
        """After a fork, in the parent."""
        if not self._stopped_for_fork:
            return
        self._stopped_for_fork = False
        self._alarm = self._thread_module.allocate_lock()
        self._alarm.acquire()
        self._last_tick = None
        if sys.version_info < (3, 12):
            self._begin()
        else:
            # Python counts threads after this, and warns of a second one.
            functions.when_next_called = self._begin_again

    def _begin_again(self):
        if not self._is_on:
            self._begin()

    def after_fork(self):
        """In the child: nothing of what the parent's threads did goes on here."""
        self._stretches.clear()
        self._looks.clear()
        if self._timer is not None:
            # What was inherited is the parent's.
            self._timer.close()
            self._timer = None
        self._stopped_for_fork = False
        functions.when_next_called = None
        strands.forget_all()
        self._reset()

    def _run(self):
        alarm, running = self._alarm, self._running
        try:
            self._native_id = getattr(self._thread_module, "get_native_id", lambda: None)()
            self._ident = self._thread_module.get_ident()
            _block_signals()
            # Of the thread before a fork.
            self._last_ended = None
            in_vain = 0
            alarm.acquire(timeout=_FIRST_EVERY_S)
            while self._is_on:
                answers = self._answers
                wait = self._look()
                in_vain = 0 if wait is not None else in_vain + 1
                if in_vain > 0 and self._timer is not None:
                    self._sleep_until_timer(answers)
                    continue
                if in_vain >= _LOOKS_IN_VAIN:
                    self._sleeps = True
                    events.flush()
                    # An answer may have come before it was said that there is somebody to wake.
                    if answers == self._answers and self._is_on:
                        alarm.acquire()
                    self._sleeps = False
                    in_vain = 0
                if self._is_on:
                    alarm.acquire(timeout=_FIRST_EVERY_S if wait is None else wait)
        except Exception:
            self._is_on = False  # An interpreter on its way out, or a mistake of ours: nobody hears of it.
        finally:
            # Before: whoever waits for this thread may end the interpreter next, and with it what this thread has taken to write.
            events.flush()
            running.release()

    def _sleep_until_timer(self, answers):
        self._set_timer(0)
        self._is_timed = False
        self._sleeps = True
        events.flush()
        # As in _run.
        if answers != self._answers:
            self._wake_later()
        timer = self._timer
        while self._is_on and timer is not None and not timer.has_rung():
            timer = self._timer
        self._sleeps = False

    def _look(self):
        """One tick. Seconds until the next, None for when a strand has its next answer."""
        started = time.thread_time()
        events.flush()
        if not strands.may_be_between_calls():
            self._nothing_seen()
            return None
        self._called.clear()
        self._looks_now = True
        stacks = sys._current_frames()
        if not strands.between_calls(stacks):
            self._looks_now = False
            self._nothing_seen()
            return None
        now = events.now()
        seen, unknown = self._seen(stacks, now)
        # Held for as short as can be, and not while the program runs: what its functions let go of would live on in them, to be
        # done away with in this thread.
        del stacks
        self._ask(seen, unknown, now)
        self._note(seen, now)
        self._looks_now = False
        # With what it took to fall asleep and wake since the look before, which is most of it where little is to be seen.
        ended = time.thread_time()
        cost = ended - (started if self._last_ended is None else self._last_ended)
        self._last_ended = ended
        # The second look counts in full: the next would else follow too soon where looks are expensive. The first says nothing of
        # the others, as it runs this code for the first time.
        is_first, self._looked = not self._looked, True
        if not is_first:
            self._cost_s = cost if self._cost_s == 0 else self._cost_s + (cost - self._cost_s) * 0.2
        lasted = (now - self._gap_began) / 1000
        every = next((each for since, each in reversed(_LATER_EVERY_S) if lasted >= since), _FIRST_EVERY_S)
        return min(max(every, self._cost_s / _MOST_OF_CPU), _SELDOM_S)

    def _nothing_seen(self):
        self._end_all(events.now())
        self._last_tick = None
        self._last_ended = None

    def _seen(self, stacks, now):
        """Strand -> (functions, activity, origin, name, thread, parent, after), and the threads whose activity their stacks do not tell, with their native ids and times."""
        seen = {}
        unknown = []
        looks = {}
        loops = strands.loops()
        native_ids = set()
        for ident, frame in stacks.items():
            if ident == self._ident or strands.in_flight_thread(ident):
                continue
            native_id = frames.native_id(ident)
            native_ids.add(native_id)
            busy = activities.busy_ns(native_id)
            place = (native_id, busy, id(frame), frame.f_lasti)
            last = self._looks.get(ident)
            is_same = busy is not None and last is not None and last[0] == place
            if is_same and last[1] and ident not in loops:
                # It has not run since, not even to be found asleep after some work.
                found = last[2]
            else:
                found = self._of_thread(ident, frame, loops.get(ident))
                if found is not None and found[1] is None:
                    unknown.append((ident, native_id, busy))
            looks[ident] = (place, is_same, found)
            if found is not None:
                seen[ident] = found
            elif ident in loops:
                self._see_tasks(loops[ident], frames.thread_name(ident), seen)
        self._looks = looks
        self._threads.forget_but(native_ids)
        return seen, unknown

    def _ask(self, seen, unknown, now):
        """Has the system say what threads do. It lets the program run meanwhile."""
        for ident, native_id, busy in unknown:
            place, is_same, (functions, _, *others) = self._looks[ident]
            found = (functions, self._threads.of(native_id, busy, now), *others)
            self._looks[ident] = (place, is_same, found)
            seen[ident] = found

    def _of_thread(self, ident, frame, loop):
        library = []
        at = frame
        while at is not None and not frames.is_users(at.f_code):
            if at.f_code.co_name in _LOOPS and str(at.f_globals.get("__name__")).startswith(("asyncio.", "uvloop")):
                # The loop waits, or works for itself: what waits are its tasks. Or one of them has a library work for it.
                return None if loop is None else self._of_running_task(loop, library, ident)
            if at.f_code.co_name == "_bootstrap" and at.f_globals.get("__name__") == "multiprocessing.process":
                return None  # A worker that waits for work. Further out is what it was forked from.
            library.append(at)
            if len(library) > 200:
                return None
            at = at.f_back
        if at is None:
            return None
        origin = frames.capture_thread(at, ident)
        if not origin.frames:
            return None
        task = None if loop is None else sys.modules["asyncio.tasks"].current_task(loop)
        return _described(origin, library, frames.thread_name(ident), _span_of_task(task), _after_in_thread(ident, loop, origin))

    def _of_running_task(self, loop, library, ident):
        task = sys.modules["asyncio.tasks"].current_task(loop)
        if task is None or strands.in_flight_task(task):
            return None
        # No function of the user's is on the stack: the lines are those that had the task made.
        coroutines = [frame for frame in library if frames.is_coroutines(frame.f_code)]
        origin = frames.capture_suspended(coroutines, task)
        if not origin.frames:
            return None
        return _described(origin, library, frames.thread_name(ident), _span_of_task(task), _after_in_task(task, coroutines))

    def _see_tasks(self, loop, thread, seen):
        tasks = sys.modules["asyncio.tasks"]
        for task in list(tasks.all_tasks(loop))[:_MOST_TASKS]:
            if strands.in_flight_task(task):
                continue
            waits_for = getattr(task, "_fut_waiter", None)
            # Ready to run, or waiting for other tasks, which are looked at themselves.
            if waits_for is None or isinstance(waits_for, (tasks._GatheringFuture, tasks.Task)):
                continue
            found = self._of_task(task, thread)
            if found is not None:
                seen[id(task)] = found

    def _of_task(self, task, thread):
        chain = _coroutine_frames(task.get_coro())
        if not chain or (chain[0].f_globals.get("__name__"), chain[0].f_code.co_name) in _WAITS_FOR_OTHERS:
            return None
        library = []
        for frame in chain:
            if frames.is_users(frame.f_code):
                break
            library.append(frame)
        if len(library) == len(chain):
            return None
        origin = frames.capture_suspended(chain, task)
        return _described(origin, library, thread, _span_of_task(task), _after_in_task(task, chain))

    def _note(self, seen, now):
        last = self._last_tick
        self._last_tick = now
        # What was seen at one tick and no more at the next changed somewhere between: in the middle, to be off by least.
        is_lost = last is not None and now - last > _LOST_AFTER_S * 1000
        between = now if last is None else last if is_lost else (last + now) / 2
        for key, stretch in list(self._stretches.items()):
            found = seen.get(key)
            if found is None or found[:2] != (stretch.functions, stretch.activity) or found[-1] != stretch.after or is_lost:
                # Whoever takes it out ends it: its strand may call a model just now.
                if self._stretches.pop(key, None) is not None:
                    stretch.end(max(between, stretch.seen))
        for key, found in seen.items():
            stretch = self._stretches.get(key)
            if stretch is None:
                began = max(between, self._gap_began) if last is not None and not is_lost else max(now - _FIRST_EVERY_S * 1000, self._gap_began)
                self._stretches[key] = _Stretch(*found, min(began, now))
                if key in self._called:
                    # It was seen before it called, and has gone on since.
                    self._stretches.pop(key, None)
            elif stretch.id is None:
                stretch.write()
            if stretch is not None:
                stretch.seen = now

    def _end_all(self, now):
        for key, stretch in list(self._stretches.items()):
            if self._stretches.pop(key, None) is not None:
                stretch.end(min(now, stretch.seen + _FIRST_EVERY_S * 1000))


def _after_in_thread(ident, loop, origin):
    """The tag's id of the model call that what runs in a thread comes after, or None. `loop`: whose tasks it runs, if they call models."""
    if loop is not None:
        # Its tasks are strands of their own.
        task = sys.modules["asyncio.tasks"].current_task(loop)
        return None if task is None else _after_in_task(task, _coroutine_frames(task.get_coro()))
    if frames.is_of_executor(ident):
        return None if origin.work is None else origin.work.after
    return strands.last_call_of_thread(ident)


def _after_in_task(task, chain):
    """As above, of a task: a call of its own, else the one before it was made."""
    own = strands.last_call_of_task(task)
    if own is not None:
        return own
    made = frames.origin_of_task(chain[-1] if chain else None, task)
    return None if made is None else made.after


def _span_of_task(task):
    """What a framework is known to run around a task; None where there is no such thing, and before 3.12, which does not tell."""
    if not hasattr(task, "get_context"):
        return None
    span = task.get_context().get(frames.current_span)
    while span is not None:
        if span.source == "function":
            # Found by its frames. Where it was called from is told by its own thread alone: a coroutine that waits is on no stack.
            span = span.outer
        elif span.ended:
            span = span.origin.span
        else:
            break
    return span


def _described(origin, library, thread, parent, after):
    """`library`: frames of libraries further in, innermost first."""
    functions = tuple((site["file"], site["function"]) for site in origin.frames)
    if library:
        # A line that has a library work for it is that line until the library is done.
        functions += (origin.frames[0]["line"],)
    name = (origin.frames[0]["function"] or "").rsplit(".", 1)[-1]
    return functions, activities.of_frames(library), origin, name or "function", thread, parent, after


def _coroutine_frames(coroutine):
    """Frames of a coroutine and all that it awaits, innermost first."""
    chain = []
    while coroutine is not None and len(chain) < 100:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            break
        chain.append(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    chain.reverse()
    return chain


def _block_signals():
    """Signals are for the program's threads: one that comes here would not interrupt what the main thread waits for."""
    signal = sys.modules.get("_signal")
    if signal is not None and hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
