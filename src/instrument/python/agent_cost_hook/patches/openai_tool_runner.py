"""openai: functions that the SDK's own tool runner runs."""

from .. import frameworks
from . import replace

_FRAMEWORK = frameworks.version_of("openai")


def patch(module):
    for owner in (module.ResponsesToolRunner, module.AsyncResponsesToolRunner):
        replace(owner, "_execute_function", lambda original: frameworks.observed(_FRAMEWORK, original, _tool, _size))


def _tool(args, kwargs):
    runner, _, item = args
    return frameworks.Tool(item.name, runner._functions[item.name].execute, item.arguments, item.call_id, source="toolRunner")


def _size(result):
    return frameworks.size_of(result["output"])
