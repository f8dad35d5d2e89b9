"""openai: functions that the SDK's own tool runner runs."""

from .. import frames, spans
from . import replace


def patch(module):
    def make_sync(original):
        def _execute_function(self, run, item):
            span = _begin(self, item)
            if span is None:
                return original(self, run, item)
            token = spans.enter(span)
            try:
                result = original(self, run, item)
            except BaseException as error:
                span.fail(error)
                raise
            finally:
                spans.leave(token)
            span.end(_size(result))
            return result

        return _execute_function

    def make_async(original):
        async def _execute_function(self, run, item):
            span = _begin(self, item)
            if span is None:
                return await original(self, run, item)
            token = spans.enter(span)
            try:
                result = await original(self, run, item)
            except BaseException as error:
                span.fail(error)
                raise
            finally:
                spans.leave(token)
            span.end(_size(result))
            return result

        return _execute_function

    replace(module.ResponsesToolRunner, "_execute_function", make_sync)
    replace(module.AsyncResponsesToolRunner, "_execute_function", make_async)


def _begin(runner, item):
    try:
        origin = frames.capture()
        function = runner._functions[item.name]
        site = frames.definition_site(function.execute)
        if site is not None:
            # The function is about to be called: its own line is what the tool's cost belongs to.
            origin = frames.Origin([site] + origin.frames[: frames.MAX_FRAMES - 1], None, origin.span)
        return spans.Span("tool", "toolRunner", origin, item.name, None, item.call_id)
    except Exception:
        return None


def _size(result):
    output = result.get("output") if isinstance(result, dict) else None
    return len(output.encode("utf-8", "replace")) if isinstance(output, str) else None
