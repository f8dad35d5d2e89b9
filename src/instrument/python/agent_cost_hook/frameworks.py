"""What the adapters of frameworks share: spans of tools and agents around the framework's own functions.

An adapter (`patches/<framework>.py`) says which function runs a tool, and how its name, arguments and the user's own function
are found in what it is called with. Nothing else of the framework is touched, and a version that looks different is left alone.
"""

import inspect
import sys

from . import frames, json_text, spans


class Tool:
    """A tool that is about to run, in the framework's words.

    `function`: the user's function, whose line the tool's cost belongs to, where the framework knows it.
    `arguments`: what it is called with: text as the model wrote it, or anything that JSON can hold.
    """

    __slots__ = ("name", "function", "arguments", "call_id", "kind")

    def __init__(self, name, function=None, arguments=None, call_id=None, kind="tool"):
        self.name = str(name)
        self.function = function
        self.arguments = arguments
        self.call_id = call_id if isinstance(call_id, str) and call_id else None
        self.kind = kind


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
    """Opens the span of a tool, or of an agent or handoff by its `kind`. Raises nothing; None where that fails."""
    try:
        origin = frames.capture()
        site = None if tool.function is None else frames.definition_site(inspect.unwrap(tool.function))
        if site is not None:
            # The function is about to be called: its own line is what the tool's cost belongs to.
            origin = frames.Origin([site] + origin.frames[: frames.MAX_FRAMES - 1], None, origin.span)
        return spans.Span(tool.kind, "framework", origin, tool.name, None, tool.call_id, None, framework, size_of(tool.arguments))
    except Exception:
        return None


def observed(framework, original, describe, size=None):
    """`original` with a span around each of its runs. For functions, coroutine functions and (async) generator functions.

    `describe(args, kwargs)` gives the Tool that a run is, or None for what is to be left alone; it may raise.
    """
    measure = size_of if size is None else size

    def open_span(args, kwargs):
        try:
            tool = describe(args, kwargs)
        except Exception:
            return None  # Another version than those we know: what it runs is seen by the generic routes.
        return None if tool is None else begin(framework, tool)

    if inspect.isasyncgenfunction(original):

        async def method(*args, **kwargs):
            span = open_span(args, kwargs)
            if span is None:
                async for item in original(*args, **kwargs):
                    yield item
                return
            iterator = original(*args, **kwargs)
            try:
                while True:
                    # Entered for each piece of the work only: between them the consumer's own code runs.
                    token = spans.enter(span)
                    try:
                        item = await iterator.__anext__()
                    except StopAsyncIteration:
                        break
                    finally:
                        spans.leave(token)
                    yield item
            except BaseException as error:
                span.fail(error)
                raise
            finally:
                await iterator.aclose()
                span.end()

    elif inspect.iscoroutinefunction(original):

        async def method(*args, **kwargs):
            span = open_span(args, kwargs)
            if span is None:
                return await original(*args, **kwargs)
            token = spans.enter(span)
            try:
                result = await original(*args, **kwargs)
            except BaseException as error:
                span.fail(error)
                raise
            finally:
                spans.leave(token)
            span.end(measure(result))
            return result

    elif inspect.isgeneratorfunction(original):

        def method(*args, **kwargs):
            span = open_span(args, kwargs)
            if span is None:
                return (yield from original(*args, **kwargs))
            iterator = original(*args, **kwargs)
            result = None
            try:
                while True:
                    token = spans.enter(span)
                    try:
                        item = next(iterator)
                    except StopIteration as stop:
                        result = stop.value
                        break
                    finally:
                        spans.leave(token)
                    yield item
            except BaseException as error:
                span.fail(error)
                raise
            finally:
                iterator.close()
                span.end(measure(result))
            return result

    else:

        def method(*args, **kwargs):
            span = open_span(args, kwargs)
            if span is None:
                return original(*args, **kwargs)
            token = spans.enter(span)
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                span.fail(error)
                raise
            finally:
                spans.leave(token)
            span.end(measure(result))
            return result

    return method


def size_of(value):
    """Size of a value as JSON text in bytes, or None where it has none that is cheap to tell."""
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
    # Messages, results and models of pydantic: their content, else what they print.
    content = getattr(value, "content", None)
    if isinstance(content, str):
        return size_of(content)
    dump = getattr(type(value), "model_dump_json", None)
    try:
        return len((dump(value) if dump is not None else str(value)).encode("utf-8", "replace"))
    except Exception:
        return None
