"""Measures the program's own functions from entry to exit, with nothing declared (Python 3.12 on; before, `sampler.py` alone).

From the first model call on, `sys.monitoring` calls us where a function of the user's own files starts and returns; code of
libraries is asked about once and never again. Functions that a thread or task is in already with its first call are looked up on
its stack: what they lead to is inside of them, though when they began is not known. Functions that are called often and end at once are let go of, and so are
generators, whose consumer's code runs before they end. A function is written down when it took a millisecond, or when something
that is written down ran inside it: then it is the parent of that.
"""

import contextvars
import sys

from . import events, frames, json_text, spans
from .system import os

# A function is worth a line from here on.
_SHORTEST_MS = 1.0
# (calls, mean milliseconds below which a function is let go of after that many): it must neither be slowed nor fill the recording.
_LIMITS = ((100, 0.1), (2000, 5.0))
_NAME = "agent-cost"
# The beginning of a run but for its frames. To look at each value by itself, as an encoder does, takes several times as long.
_EVENT = (
    '{"type":"span","t":%r,"id":"%s","kind":"other","name":%s,"parent":%s,"thread":%s,'
    '"unattributed":null,"source":"function","detail":null,"callId":null%s}'
)
# inspect.CO_GENERATOR, CO_ASYNC_GENERATOR.
_GENERATORS = 0x20 | 0x200
# inspect.CO_COROUTINE, CO_ITERABLE_COROUTINE.
_COROUTINES = 0x80 | 0x100
# As of frames: runaway recursion is not looked through.
_MAX_DEPTH = 400

# Called once, when a function of the user's is called next.
when_next_called = None

_monitoring = None
_tool = None
# id of code of the user's -> _Function: by identity, as a code object's hash takes as long as the code is.
_known = {}
# The same of what is measured no more: it is held, as its id would be another's.
_let_go = {}
# Whether the functions around the first call of what runs here were looked up.
_has_looked = contextvars.ContextVar("agent_cost_looked", default=False)


class _Function:
    """Code of the user's that is measured, and what it took until now."""

    # The code is held: its id is another's once it is gone.
    __slots__ = ("code", "calls", "took", "_site", "_name_text")

    def __init__(self, code):
        self.code = code
        self.calls = 0
        self.took = 0.0
        self._site = None
        self._name_text = None

    @property
    def name_text(self):
        """Its name as JSON."""
        if self._name_text is None:
            self._name_text = json_text.dump(self.code.co_name)
        return self._name_text

    @property
    def site(self):
        """Where it is defined."""
        if self._site is None:
            self._site = frames.definition_of(self.code)
        return self._site

    def is_let_go_of(self):
        for calls, mean in _LIMITS:
            if self.calls >= calls and self.took < self.calls * mean:
                return True
        return False


class _Run:
    """One run of a function: a span to what is begun inside it (see spans.Span), written down only if it comes to matter."""

    __slots__ = ("function", "frame", "ident", "thread", "started", "outer", "after", "ended", "_id", "_origin")

    kind = "other"
    source = "function"

    def __init__(self, function, frame, ident, outer):
        self.function = function
        # Until the end, for where it was called from.
        self.frame = frame
        self.ident = ident
        self.started = events.now()
        self.outer = outer
        self.after = frames.last_call.get()
        self.ended = False
        self._id = None
        self._origin = None

    @property
    def name(self):
        return self.function.code.co_name

    @property
    def origin(self):
        """Where it was called from, and inside which span. Without frames where that is asked for after its end."""
        origin = self._origin
        if origin is None:
            frame = self.frame
            if frame is None:
                return frames.Origin([], None, self.outer)
            origin = self._origin = frames.capture_thread(frame, None if self.ident == _ident() else self.ident, self.outer)
        return origin

    def called_from(self, sites):
        """Its own frame's place and those of its callers, read on the way of another."""
        if self._origin is None:
            self._origin = frames.Origin(sites, None, self.outer)

    @property
    def id(self):
        """The span's id. Whoever asks will name it as a parent: it is written down."""
        if self._id is None:
            self._write()
        return self._id

    def end(self, status, error):
        if self.ended:
            return
        now = events.now()
        took = now - self.started
        if self._id is None and took >= _SHORTEST_MS:
            self.id  # noqa: B018
        self.ended = True
        self.frame = None
        if self._id is not None:
            events.emit_end_soon(self._id, now, status, error)
        self.function.calls += 1
        self.function.took += took

    def _write(self):
        """Gives it an id and writes it, with those around it that are not written yet; what has ended is written no more."""
        entries = []
        run = self
        ident = frames.thread_ident()
        while isinstance(run, _Run) and run._id is None:
            run._id = events.new_id(ident)
            if not run.ended:
                entries.append(run)
            run = run._outer_told()
        # Whoever reads them is to know a span before what is inside it.
        events.emit_together([each._event() for each in reversed(entries)])

    def _outer_told(self):
        """What is around it. A run that waits in another thread for this one is on no stack: its callers are among this one's."""
        origin = self.origin
        outer = origin.span
        if isinstance(outer, _Run) and outer._origin is None and outer.ident != _ident():
            place = outer.function.site
            for index, site in enumerate(origin.frames):
                if index > 0 and site["function"] == place["function"] and site["file"] == place["file"]:
                    outer.called_from(origin.frames[index:])
                    break
        return outer

    def _event(self):
        origin = self.origin
        function = self.function
        event = _EVENT % (
            self.started,
            self._id,
            function.name_text,
            "null" if origin.span is None else '"%s"' % origin.span.id,
            json_text.dump_text(frames.thread_name(self.ident)),
            "" if self.after is None else ',"after":"%s"' % self.after,
        )
        # The first frame is the function itself, at a line in the middle of it.
        return event, [function.site] + origin.frames[1:]


class _InheritedRun(_Run):
    """A run that goes on in the parent of a forked process, which alone tells of it."""

    __slots__ = ()

    def end(self, status, error):
        self.ended = True
        self.frame = None


def _before_fork():
    try:
        span = frames.enclosing_span()
        if span is not None:
            # It is written here, or the child would, with what it does inside of it.
            span.id  # noqa: B018
    except Exception:
        pass  # What the child does is inside of nothing that is known.


def _after_fork():
    """In the child."""
    run = frames.current_span.get()
    while run is not None:
        if isinstance(run, _Run):
            run.__class__ = _InheritedRun
        run = run.outer if isinstance(run, _Run) else run.origin.span


def before_call():
    """To be told of each call before its header is made (see strands.py): it is to have its parent. May raise."""
    if _monitoring is None:
        _start()
    if _tool is not None and not _has_looked.get():
        _has_looked.set(True)
        _look_up(sys._getframe(1))


def _look_up(frame):
    """Has the functions on the stack that were not seen to begin run from now on."""
    outermost = None
    span = frames.current_span.get()
    while isinstance(span, _Run):
        outermost = span
        span = span.outer
    if span is not None:
        return  # Inside of what a framework runs: that is known.
    if outermost is not None:
        if outermost._origin is not None or outermost.frame is None:
            return  # What is around it was told already.
        frame = outermost.frame.f_back
    found = []
    in_async = outermost is not None and bool(outermost.function.code.co_flags & _COROUTINES)
    for _ in range(_MAX_DEPTH):
        if frame is None:
            break
        code = frame.f_code
        if code.co_flags & _COROUTINES:
            in_async = True
        elif in_async and not code.co_flags & _GENERATORS:
            break  # The event loop: who runs that did not call this.
        if _is_measured(code) and id(code) not in _let_go:
            found.append(frame)
        frame = frame.f_back
    around = None
    for frame in reversed(found):
        around = _Run(_function_of(frame.f_code), frame, _ident(), around)
    if around is None:
        return
    if outermost is None:
        frames.current_span.set(around)
    else:
        outermost.outer = around


def _is_measured(code):
    return not (code.co_flags & _GENERATORS or code.co_name.startswith("<")) and frames.is_users(code)


def _function_of(code):
    function = _known.get(id(code))
    if function is None:
        function = _known[id(code)] = _Function(code)
        _monitoring.set_local_events(_tool, code, _monitoring.events.PY_RETURN)
    return function


def _start():
    global _monitoring, _tool
    monitoring = _monitoring = sys.monitoring
    tool = next((number for number in (4, 3) if monitoring.get_tool(number) is None), None)
    if tool is None:
        frames.work_is_seen = False
        return  # Others watch the program: what it does is sampled.
    monitoring.use_tool_id(tool, _NAME)
    _tool = tool
    happened = monitoring.events
    monitoring.register_callback(tool, happened.PY_START, _begin)
    monitoring.register_callback(tool, happened.PY_RETURN, _return)
    monitoring.register_callback(tool, happened.PY_UNWIND, _unwind)
    monitoring.set_events(tool, happened.PY_START | happened.PY_UNWIND)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


def _begin(code, _offset):
    try:
        function = _known.get(id(code))
        if function is None:
            if frames.is_work_item(code):
                # Not let go of: nothing that this thread did before is before what it does now.
                frames.last_call.set(None)
                return None
            if not _is_measured(code):
                return _monitoring.DISABLE
            function = _function_of(code)
        elif function.is_let_go_of():
            _let_go[id(code)] = _known.pop(id(code))
            _monitoring.set_local_events(_tool, code, 0)
            return _monitoring.DISABLE
        if when_next_called is not None:
            _call_once()
        current = frames.current_span
        current.set(_Run(function, sys._getframe(1), _ident(), current.get()))
    except Exception:
        pass  # This run goes unseen.
    return None


def _call_once():
    global when_next_called
    callback, when_next_called = when_next_called, None
    callback()


def _return(_code, _offset, _value):
    try:
        _left(sys._getframe(1), "ok", None)
    except Exception:
        pass  # As above.


def _unwind(code, _offset, exception):
    try:
        if id(code) in _known:
            _left(sys._getframe(1), *spans.outcome_of(exception))
    except Exception:
        pass  # As above.


def _left(frame, status, error):
    run = frames.current_span.get()
    # What ended without our being told stands before it; spans of other kinds are left by those who entered them.
    while run is not None and getattr(run, "frame", None) is not frame:
        run = run.outer if isinstance(run, _Run) else run.origin.span
    if run is None:
        return  # It was entered before we looked.
    frames.current_span.set(run.outer)
    run.end(status, error)


def _ident():
    global _ident
    _ident = sys.modules["_thread"].get_ident
    return _ident()
