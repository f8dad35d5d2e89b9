"""What the adapters of frameworks share: spans of tools and agents around the framework's own functions.

An adapter (`patches/<framework>.py`) says which function runs a tool, and how its name, arguments and the user's own function
are found in what it is called with. Nothing else of the framework is touched, and a version that looks different is left alone.
"""

import functools
import inspect
import sys

from . import events, frames, json_text, spans


class Tool:
    """A tool that is about to run, or an agent, a step, a handoff by its `kind`, in the framework's words.

    `function`: the user's function, whose line the tool's cost belongs to, where the framework knows it.
    `arguments`: what it is called with: text as the model wrote it, or anything that JSON can hold.
    `served`: it is the other side of a run that may already be seen, and has a span of its own inside of that.
    """

    __slots__ = ("name", "function", "arguments", "call_id", "kind", "source", "served")

    def __init__(self, name, function=None, arguments=None, call_id=None, kind="tool", source="framework", served=False):
        self.name = str(name)
        self.function = function
        self.arguments = arguments
        self.call_id = call_id if isinstance(call_id, str) and call_id else None
        self.kind = kind
        self.source = source
        self.served = served


def version_of(distribution):
    """`langgraph 1.2.24`; the name alone where the version is not known. Asked once for each adapter."""
    metadata = sys.modules.get("importlib.metadata")
    try:
        if metadata is None:
            import importlib.metadata as metadata
        return "%s %s" % (distribution, metadata.version(distribution))
    except Exception:
        return distribution


def begin(framework, tool):
    """Opens the span of a Tool. Raises nothing; None where that fails, and where the tool is already seen to run."""
    try:
        origin = frames.capture()
        if tool.kind == "tool" and not tool.served and _is_run_of(origin.span, tool.name):
            return None
        # The function is about to be called: its own line is what the tool's cost belongs to.
        site = None if tool.function is None else frames.definition_site(inspect.unwrap(tool.function))
        size = size_of(tool.arguments)
        return spans.Span(tool.kind, tool.source, origin, tool.name, None, tool.call_id, None, framework, size, site)
    except Exception:
        return None


def _is_run_of(span, name):
    """Whether a span is a run of the tool of that name: a framework may hand its tool on to another one (MCP, LangChain's tools)."""
    while span is not None and span.source == "function":
        span = span.origin.span
    if span is None or span.kind != "tool" or span.source not in ("framework", "toolRunner"):
        return False
    # Some put the name of the tool's server in front of its own.
    return span.name == name or (span.name.endswith(name) and not span.name[-len(name) - 1].isalnum())


def _open(framework, describe, args, kwargs):
    try:
        tool = describe(args, kwargs)
    except Exception:
        return None  # Another version than those we know: what it runs is seen by the generic routes.
    return None if tool is None else begin(framework, tool)


def observed(framework, original, describe, size=None, error=None):
    """`original` with a span around each of its runs. For functions, coroutine functions and (async) generator functions.

    `describe(args, kwargs)` gives the Tool that a run is, or None for what is to be left alone. `size(result)` and `error(result)`
    say how large a result is and, in words, in what way it is a failure, for results that hold more than what the tool returned.
    All of them may raise.
    """

    def close(span, result):
        now = events.now()
        try:
            message = None if error is None else error(result)
            span.end((size_of if size is None else size)(result) if span.kind == "tool" else None, message, now)
        except Exception:
            span.end(None, None, now)

    if inspect.isasyncgenfunction(original):

        async def method(*args, **kwargs):
            span = _open(framework, describe, args, kwargs)
            iterator = original(*args, **kwargs)
            proceed = iterator.__anext__
            item = None
            try:
                while True:
                    # Entered for each piece of the work only: between them the consumer's own code runs.
                    token = spans.enter(span)
                    try:
                        item = await proceed()
                    except StopAsyncIteration:
                        break
                    finally:
                        spans.leave(token)
                    proceed = iterator.__anext__
                    try:
                        sent = yield item
                        if sent is not None:
                            proceed = functools.partial(iterator.asend, sent)
                    except GeneratorExit:
                        raise
                    except BaseException as thrown:
                        proceed = functools.partial(iterator.athrow, thrown)
            except BaseException as failure:
                if span is not None:
                    span.fail(failure)
                raise
            finally:
                try:
                    await iterator.aclose()
                finally:
                    if span is not None:
                        # A stream's last item is its result, as far as there is one.
                        close(span, item)

    elif inspect.iscoroutinefunction(original):

        async def method(*args, **kwargs):
            span = _open(framework, describe, args, kwargs)
            if span is None:
                return await original(*args, **kwargs)
            token = spans.enter(span)
            try:
                result = await original(*args, **kwargs)
            except BaseException as failure:
                span.fail(failure)
                raise
            finally:
                spans.leave(token)
            close(span, result)
            return result

    elif inspect.isgeneratorfunction(original):

        def method(*args, **kwargs):
            span = _open(framework, describe, args, kwargs)
            iterator = original(*args, **kwargs)
            proceed = iterator.__next__
            result = None
            try:
                while True:
                    token = spans.enter(span)
                    try:
                        item = proceed()
                    except StopIteration as stop:
                        result = stop.value
                        break
                    finally:
                        spans.leave(token)
                    proceed = iterator.__next__
                    try:
                        sent = yield item
                        if sent is not None:
                            proceed = functools.partial(iterator.send, sent)
                    except GeneratorExit:
                        raise
                    except BaseException as thrown:
                        proceed = functools.partial(iterator.throw, thrown)
            except BaseException as failure:
                if span is not None:
                    span.fail(failure)
                raise
            finally:
                try:
                    iterator.close()
                finally:
                    if span is not None:
                        close(span, result)
            return result

    else:

        def method(*args, **kwargs):
            span = _open(framework, describe, args, kwargs)
            if span is None:
                return original(*args, **kwargs)
            token = spans.enter(span)
            try:
                result = original(*args, **kwargs)
            except BaseException as failure:
                span.fail(failure)
                raise
            finally:
                spans.leave(token)
            close(span, result)
            return result

    return method


def observed_run(framework, original, describe):
    """`original`, which returns what is to be awaited or iterated over asynchronously, with a span around that."""

    def method(*args, **kwargs):
        result = original(*args, **kwargs)
        open_span = functools.partial(_open, framework, describe, args, kwargs)
        if inspect.iscoroutine(result):
            awaited = _awaited(result, open_span)
            awaited.__name__, awaited.__qualname__ = result.__name__, result.__qualname__
            frames.remember_coroutine(awaited)
            return awaited
        try:
            result.__class__ = _pulled(type(result))
            result._agent_cost_open = open_span
        except Exception:
            pass  # A result of another kind: what it does is seen by the generic routes.
        return result

    return method


async def _awaited(coroutine, open_span):
    span = open_span()
    token = spans.enter(span)
    try:
        result = await coroutine
    except BaseException as failure:
        if span is not None:
            span.fail(failure)
        raise
    finally:
        spans.leave(token)
    if span is not None:
        span.end()
    return result


@functools.lru_cache(maxsize=None)
def _pulled(stream_class):
    """The class of asynchronous iterators, with our span from their first item until they end. Still an instance of their own class, of its name."""

    async def __anext__(self):
        span = getattr(self, "_agent_cost_span", None)
        if span is None and self._agent_cost_open is not None:
            span = self._agent_cost_span = self._agent_cost_open()
            self._agent_cost_open = None
        # Entered for each piece of the work only: between them the consumer's own code runs.
        token = spans.enter(span)
        try:
            return await stream_class.__anext__(self)
        except StopAsyncIteration:
            if span is not None:
                span.end()
            raise
        except BaseException as failure:
            if span is not None:
                span.fail(failure)
            raise
        finally:
            spans.leave(token)

    return type(stream_class.__name__, (stream_class,), {"__anext__": __anext__, "__module__": stream_class.__module__})


def observed_context(framework, original, describe):
    """`original`, which returns an asynchronous context manager, with a span from entering that until it is left."""

    def method(*args, **kwargs):
        manager = original(*args, **kwargs)
        try:
            manager.__class__ = _observing(type(manager))
            manager._agent_cost_open = lambda: _open(framework, describe, args, kwargs)
        except Exception:
            pass  # A class of another kind: it is entered unseen.
        return manager

    return method


@functools.lru_cache(maxsize=None)
def _observing(manager_class):
    """The class of managers, with our span around what is inside. Still an instance of the framework's own class, of its name."""

    async def __aenter__(self):
        span = self._agent_cost_open()
        token = spans.enter(span)
        try:
            entered = await manager_class.__aenter__(self)
        except BaseException as failure:
            spans.leave(token)
            if span is not None:
                span.fail(failure)
            raise
        self._agent_cost_open = (span, token)
        return entered

    async def __aexit__(self, error_type, error, traceback):
        span, token = self._agent_cost_open
        try:
            swallowed = await manager_class.__aexit__(self, error_type, error, traceback)
        except BaseException as failure:
            if span is not None:
                span.fail(failure)
            raise
        finally:
            spans.leave(token)
        if span is not None:
            span.fail(error) if error is not None and not swallowed else span.end()
        return swallowed

    return type(manager_class.__name__, (manager_class,), {"__aenter__": __aenter__, "__aexit__": __aexit__, "__module__": manager_class.__module__})


def size_of(value):
    """Size of a value as text in bytes, or None where it has none that is cheap to tell."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return len(value.encode("utf-8", "replace"))
        if isinstance(value, (bytes, bytearray)):
            return len(value)
        return len(json_text.dump(value))
    except Exception:
        pass
    try:
        # Messages: what they say. Models of pydantic: their fields, quietly where they hold other types than they declare.
        content = getattr(value, "content", None)
        if isinstance(content, str):
            return size_of(content)
        dump = getattr(type(value), "model_dump_json", None)
        text = str(value) if dump is None else dump(value, warnings=False)
        return len(text.encode("utf-8", "replace"))
    except Exception:
        return None
