"""Tells the profiler which line of a program makes its LLM calls and tool calls. Standard library only."""

_started = False


def start():
    """Starts the hook if this process has a valid session file; otherwise does nothing. May raise: the caller guards."""
    global _started
    if _started:
        return
    _started = True
    from . import processes, session

    arguments = processes.arguments()
    if processes.left_alone(arguments):
        return
    lease = session.read()
    if lease is None:
        return
    # frames: now, because it notes the working directory that relative file names refer to.
    from . import events, frames, importing  # noqa: F401

    session.current = lease
    events.start(lease, arguments)
    importing.install()
    from .patches import traceback_frames

    traceback_frames.install()
