"""LlamaIndex's workflows: the program's own from their start until their result is there, and their steps. Agents, which are workflows too, are in `llama_index.py`."""

import functools

from .. import frameworks
from . import replace
from .llama_index import starting

_FRAMEWORK = frameworks.version_of("llama-index-workflows")
_AGENTS = "llama_index.core.agent.workflow."


def patch(module):
    """`workflows.workflow`, which may be a module of the program's own that is called so."""
    if hasattr(module, "WorkflowHandler"):
        replace(module.Workflow, "run", lambda original: starting(_FRAMEWORK, original, _is_own))


def patch_steps(module):
    """`workflows.runtime.types.step_function`: what makes of a step's function what the workflow runs."""

    def make(original):
        def as_step_worker_function(function):
            worker = original(function)
            return functools.wraps(worker)(frameworks.observed(_FRAMEWORK, worker, _step))

        return as_step_worker_function

    replace(module, "as_step_worker_function", make)


def _is_own(workflow):
    return not any(each.__module__.startswith(_AGENTS) for each in type(workflow).__mro__)


def _step(args, kwargs):
    workflow = args[3] if len(args) > 3 else kwargs["workflow"]
    if not _is_own(workflow):
        return None
    return frameworks.Tool(args[1] if len(args) > 1 else kwargs["step_name"], kind="step")
