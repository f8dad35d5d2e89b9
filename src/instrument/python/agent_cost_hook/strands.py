"""Which threads and tasks of the program call models, and which of them are between two calls just now.

A strand is a thread, or an asyncio task. Only while one that has called a model has no call in flight is there anything to
watch (`sampler.py`); what waits for a model is known from the call itself. Frameworks make a task for a call alone: then those tasks
that had it made go on when it is over, and are between two calls for a while.
"""

import sys
from _weakref import ref

from . import events, frames

# Strands that have called a model: by thread, and by id of the task.
_threads = {}
_tasks = {}
# Strands that are looked through at each call.
_FEW = 8
# For so long a task that calls no model itself is taken to go on with what a call in a task of its own told: it may have nothing to do with it.
_MAKERS_GO_ON_MS = 10_000
# Called with a strand when its call begins, and when it has none left in flight; None before the first call.
_watchers = None
# functions.before_call, from the first call on.
_before_call = None
# Before 3.12 functions are not measured.
_CAN_MEASURE = hasattr(sys, "monitoring")


class Strand:
    """A thread (`task` None) or an asyncio task that calls models, or had a task made that does.

    `flights`: its own calls that are under way; `inner`: those of tasks that it had made, and `inner_ended` when one of them last ended.
    """

    __slots__ = ("ident", "task", "loop", "flights", "inner", "inner_ended", "calls", "last_call")

    def __init__(self, ident, task, loop):
        self.ident = ident
        # Weak: a task that nobody else holds has ended.
        self.task = task
        self.loop = loop
        self.flights = set()
        self.inner = set()
        self.inner_ended = 0.0
        # Whether it has called a model itself.
        self.calls = False
        # As frames.last_call, for who looks at it from outside.
        self.last_call = None

    def is_over(self, running_threads):
        if self.task is None:
            return self.ident not in running_threads
        task = self.task()
        if task is None or task.done():
            return True
        return not self.calls and not self.inner and events.now() - self.inner_ended > _MAKERS_GO_ON_MS

    def is_between_calls(self):
        return not self.flights and not self.inner


class Flight:
    """An LLM request from its sending until its answer was read, or nobody can read it any more.

    It ends as a span does (`end`, `fail`), so that whatever follows a tool's response to its end can follow an answer.
    """

    __slots__ = ("ended", "_strand", "_makers")

    def __init__(self):
        self.ended = False
        self._strand = None
        self._makers = ()
        try:
            if _watchers is None:
                _begin_to_watch()
            self._strand = _current()
            self._strand.calls = True
            self._strand.flights.add(id(self))
            self._makers = _makers_of(self._strand)
            for maker in self._makers:
                maker.inner.add(id(self))
            self._strand.last_call = frames.last_call.get()
            for watcher in _watchers:
                watcher(self._strand, True)
        except Exception:
            pass  # What happens between the calls of this strand is not watched.

    def end(self, *_):
        """Several layers may see the end: the first counts. Raises nothing."""
        if self.ended:
            return
        self.ended = True
        strand = self._strand
        if strand is None:
            return
        try:
            strand.flights.discard(id(self))
            for maker in self._makers:
                maker.inner_ended = events.now()
                maker.inner.discard(id(self))
            if not strand.flights:
                for watcher in _watchers:
                    watcher(strand, False)
        except Exception:
            pass  # As above.

    fail = __del__ = end


def about_to_call():
    """To be said in the thread or task of a call before it is told of. Raises nothing."""
    global _before_call
    if not _CAN_MEASURE:
        return
    try:
        if _before_call is None:
            # With the first call: programs that make none are left in peace. Of several threads each waits until it is there.
            from . import functions

            _before_call = functions.before_call
        _before_call()
    except Exception:
        pass  # What is around this call is not known.


def _begin_to_watch():
    """With the first call, as above."""
    global _watchers
    _watchers = []
    from . import sampler

    watcher = sampler.watcher()
    if watcher is not None:
        _watchers = [watcher]


def in_flight_thread(ident):
    """Whether the thread itself, and no task in it, waits for a model."""
    strand = _threads.get(ident)
    return strand is not None and len(strand.flights) > 0


def in_flight_task(task):
    """Whether a task waits for a model."""
    strand = _tasks.get(id(task))
    return strand is not None and strand.task() is task and len(strand.flights) > 0


def last_call_of_thread(ident):
    """The tag's id of the last call that the thread itself sent, and no task in it; None where it sent none."""
    strand = _threads.get(ident)
    return None if strand is None else strand.last_call


def last_call_of_task(task):
    """The tag's id of the last call that a task sent; None where it sent none."""
    strand = _tasks.get(id(task))
    return strand.last_call if strand is not None and strand.task() is task else None


def may_be_between_calls():
    """Whether a strand that has called a model, and may be over by now, has no call in flight. Cheaper than `between_calls`."""
    for strands in (_threads, _tasks):
        for strand in list(strands.values()):
            if strand.is_between_calls():
                return True
    return False


def is_none_between_calls():
    """Whether all strands that have called a model wait for one now; False where that would take long to tell."""
    return len(_threads) + len(_tasks) <= _FEW and not may_be_between_calls()


def between_calls(running_threads):
    """Strands that have called a model and have no call in flight. Forgets those that are over."""
    found = []
    for strands in (_threads, _tasks):
        for key, strand in list(strands.items()):
            if strand.is_over(running_threads):
                strands.pop(key, None)
            elif strand.is_between_calls():
                found.append(strand)
    return found


def loops():
    """Event loops whose tasks call models, by their thread."""
    found = {}
    for strand in list(_tasks.values()):
        loop = strand.loop()
        if loop is not None:
            found[strand.ident] = loop
    return found


def forget_all():
    """In a forked child none of the parent's threads and tasks goes on."""
    _threads.clear()
    _tasks.clear()


def _current():
    ident = sys.modules["_thread"].get_ident()
    task = frames.current_task()
    if task is None:
        strand = _threads.get(ident)
        if strand is None:
            strand = _threads[ident] = Strand(ident, None, None)
        return strand
    return _of_task(task, ident)


def _of_task(task, ident):
    strand = _tasks.get(id(task))
    if strand is None or strand.task() is not task:
        strand = _tasks[id(task)] = Strand(ident, ref(task), ref(task.get_loop()))
    return strand


def _makers_of(strand):
    if strand.task is None:
        return ()
    task = strand.task()
    loop = strand.loop()
    # Those of another loop run in another thread.
    return [_of_task(maker, strand.ident) for maker in frames.makers_of(task) if not maker.done() and maker.get_loop() is loop]
