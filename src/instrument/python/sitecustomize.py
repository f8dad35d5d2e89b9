# Run by CPython's `site` at start-up because this folder is first on PYTHONPATH.
# It must parse on every Python, 2.7 included: an interpreter that is too old runs nothing but what is shadowed here.
import os
import sys


def _start():
    if sys.version_info < (3, 9):
        return
    try:
        import agent_cost_hook

        agent_cost_hook.start()
    except Exception:
        # The program matters more than its profile, and stderr is the program's.
        pass


def _is_hook_folder(folder):
    return os.path.exists(os.path.join(folder or os.curdir, "agent_cost_hook", "__init__.py"))


def _mend_path():
    """Where a terminal had no PYTHONPATH, ours was put before nothing: the separator that is left over means the working folder to Python."""
    value = os.environ.get("PYTHONPATH", "")
    if not value.endswith(os.pathsep) or not _is_hook_folder(value[: -len(os.pathsep)]):
        return
    os.environ["PYTHONPATH"] = value[: -len(os.pathsep)]
    for index, folder in enumerate(sys.path):
        if index > 0 and _is_hook_folder(sys.path[index - 1]) and folder in ("", os.getcwd()):
            del sys.path[index]
            return


def _run_shadowed():
    """Runs the sitecustomize that would have run without this one; its errors are site.py's to report, as ever."""
    folders = [folder for folder in sys.path if not _is_hook_folder(folder)]
    # The program sees the path that it would have without the hook; our package is found by its own __path__.
    sys.path[:] = folders
    if sys.version_info < (3, 4):
        import imp

        try:
            found = imp.find_module("sitecustomize", folders)
        except ImportError:
            return
        del sys.modules["sitecustomize"]
        imp.load_module("sitecustomize", *found)
        return
    # The finder that is already there: importing importlib takes time that programs without a second one need not spend.
    finders = [finder for finder in sys.meta_path if getattr(finder, "__name__", None) == "PathFinder"]
    spec = finders[0].find_spec("sitecustomize", folders) if finders else None
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_start()
try:
    _mend_path()
except Exception:
    # The working folder was removed under the program: then it is on no path either.
    pass
_run_shadowed()
