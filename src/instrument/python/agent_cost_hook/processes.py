"""Which Python processes are not the user's program: installers, language servers, helpers of the standard library."""

import os
import sys

# Run as `python -m NAME`, or as a script of that name in a bin folder.
_TOOLS = frozenset(
    (
        "pip ensurepip venv virtualenv pipx poetry pdm hatch build twine conda mamba uv uvx pyenv pre_commit pre-commit "
        "pylsp pyls pyright basedpyright pylance jedi-language-server jedi_language_server run-jedi-language-server "
        "aider ruff ruff-lsp ruff_lsp black isort flake8 pylint mypy dmypy lsp_server lsp_runner "
        "compileall py_compile idlelib pydoc site sysconfig"
    ).split()
)
# Scripts that pip, build front ends and VS Code's Python extension run for their own ends.
_SCRIPTS = (
    "__pip-runner__.py",
    "_in_process.py",
    "get-pip.py",
    "get_output_via_markers.py",
    "interpreterInfo.py",
    "printEnvVariables.py",
    "printEnvVariablesToFile.py",
    "normalizeSelection.py",
    "shell_exec.py",
)
# `python -c` programs of the standard library that run no user code. Spawned and forked workers do: they are not here.
_SNIPPETS = ("from multiprocessing.resource_tracker import", "from multiprocessing.semaphore_tracker import")
# Interpreter options that take the next word as their value.
_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")


def arguments():
    """The process's command line with the interpreter's own options, as far as this Python tells."""
    known = getattr(sys, "orig_argv", None)
    if known:
        return list(known)
    # Python 3.9: while `site` runs, sys.argv has only `-m` or `-c` in the place of what was asked for.
    try:
        with open("/proc/self/cmdline", "rb") as stream:
            words = stream.read().split(b"\0")[:-1]
        if words:
            return [os.fsdecode(word) for word in words]
    except OSError:
        pass  # Not Linux.
    try:
        import ctypes

        count, vector = ctypes.c_int(), ctypes.POINTER(ctypes.c_wchar_p)()
        ctypes.pythonapi.Py_GetArgcArgv(ctypes.byref(count), ctypes.byref(vector))
        return [vector[index] for index in range(count.value)]
    except Exception:
        return [sys.executable] + list(getattr(sys, "argv", []))


def left_alone(command):
    """Whether the process with this command line is a tool around the user's program and not the program."""
    index = 1
    while index < len(command):
        word = command[index]
        if word == "-m" or (word.startswith("-m") and not word.startswith("--")):
            module = word[2:] or (command[index + 1] if index + 1 < len(command) else "")
            return module.split(".")[0] in _TOOLS or module.startswith(("debugpy.adapter", "debugpy.launcher"))
        if word == "-c" or (word.startswith("-c") and not word.startswith("--")):
            code = word[2:] or (command[index + 1] if index + 1 < len(command) else "")
            return code.startswith(_SNIPPETS)
        if word in _WITH_VALUE:
            index += 2
            continue
        if word.startswith("-") and word != "-":
            index += 1
            continue
        return _is_tool_script(word)
    return False


def _is_tool_script(script):
    folder, name = os.path.split(script.replace("\\", "/"))
    stem = name[:-3] if name.endswith(".py") else name[:-4] if name.lower().endswith(".exe") else name
    if name in _SCRIPTS:
        return True
    # Of the debugger, the process that runs the program is `debugpy` itself; these two stand around it.
    if folder.endswith(("debugpy/adapter", "debugpy/launcher")) or (folder.endswith("/debugpy") and stem in ("adapter", "launcher")):
        return True
    # A user's own `build.py` is a program: by name alone only what has no suffix (a console script) or is run as a folder.
    if name.endswith(".py"):
        if name == "__main__.py":
            return os.path.basename(folder) in _TOOLS
        return stem in ("lsp_server", "lsp_runner", "run-jedi-language-server")
    return stem in _TOOLS or stem.startswith("pip3")
