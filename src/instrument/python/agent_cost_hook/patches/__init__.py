"""One module per patched library, each with `patch(module)`, imported only when the program imports that library."""

import functools


def replace(owner, name, make):
    """Replaces a function of a class or module with `make(original)`, once."""
    original = getattr(owner, name)
    if getattr(original, "_agent_cost_hook", False):
        return
    replacement = functools.wraps(original)(make(original))
    replacement._agent_cost_hook = True
    is_static = isinstance(vars(owner).get(name), staticmethod)
    setattr(owner, name, staticmethod(replacement) if is_static else replacement)
