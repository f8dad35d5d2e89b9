"""Tells the profiler which line of a program makes its LLM calls and tool calls. Standard library only."""

_started = False


def start():
    """Starts the hook if this process has a valid session file; otherwise does nothing. May raise: the caller guards."""
    global _started
    if _started:
        return
    _started = True
    from .loading import load

    processes, session = load("agent_cost_hook.processes"), load("agent_cost_hook.session")
    arguments = processes.arguments()
    if processes.left_alone(arguments):
        return
    lease = session.read()
    if lease is None:
        return
    session.current = lease
    # Now, because it notes the working directory that relative file names refer to.
    load("agent_cost_hook.frames")
    load("agent_cost_hook.events").start(lease, arguments)
    load("agent_cost_hook.importing").install()
    load("agent_cost_hook.patches.traceback_frames").install()
