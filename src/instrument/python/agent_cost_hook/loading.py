"""Loads this package's modules past the program's own ways to import.

Programs log, count, delay or forbid imports, by a function in the place of `__import__`, by finders, by emptying `sys.modules`. What the
hook loads later on is none of their business, and none that may fail for it: its modules are found by their files, and have a
`__import__` of their own.
"""

import builtins
import os
import sys
from _frozen_importlib import _ModuleLockManager, module_from_spec
from _frozen_importlib_external import SourceFileLoader, spec_from_file_location

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_real_import = builtins.__import__
_join, _is_folder = os.path.join, os.path.isdir
# By full name.
_modules = {name: sys.modules[name] for name in (__package__, __name__)}


def load(name):
    """The module `agent_cost_hook.…` of this name."""
    module = _modules.get(name)
    if module is not None and not module.__spec__._initializing:
        return module
    with _ModuleLockManager(name):
        module = _modules.get(name) or sys.modules.get(name)
        return _loaded(name) if module is None else module


def _loaded(name):
    path = _join(_FOLDER, *name.split("."))
    is_package = _is_folder(path)
    file = _join(path, "__init__.py") if is_package else path + ".py"
    spec = spec_from_file_location(name, file, loader=_Loader(name, file), submodule_search_locations=[path] if is_package else None)
    module = module_from_spec(spec)
    _modules[name] = sys.modules[name] = module
    try:
        spec._initializing = True
        spec.loader.exec_module(module)
    except BaseException:
        del _modules[name]
        sys.modules.pop(name, None)
        raise
    finally:
        spec._initializing = False
    parent, _, own = name.rpartition(".")
    setattr(load(parent), own, module)
    return module


class _Loader(SourceFileLoader):
    def exec_module(self, module):
        # What the program puts in the place of a built-in function is not for us.
        module.__builtins__ = _builtins
        super().exec_module(module)


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0:
        return _real_import(name, globals, locals, fromlist, level)
    package = globals["__package__"].rsplit(".", level - 1)[0]
    module = load(package + "." + name if name else package)
    for each in fromlist:
        if not hasattr(module, each):
            load(module.__name__ + "." + each)
    return module


_builtins = dict(vars(builtins), __import__=_import)
