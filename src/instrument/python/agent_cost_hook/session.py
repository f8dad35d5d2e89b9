"""The session file: the hook's lease, written by the profiler, named by the environment."""

import os

from . import json_text

SESSION_ENV = "AGENT_COST_SESSION"

# The session of this process, set once at start.
current = None


class Session:
    """What the session file says."""

    __slots__ = ("id", "route_url", "events_dir", "backend", "fallback_url", "profiler_pid")

    def __init__(self, values):
        self.id = values["id"]
        self.route_url = values["routeUrl"].rstrip("/")
        self.events_dir = values["eventsDir"]
        self.backend = values["backend"]
        self.fallback_url = values["fallbackUrl"].rstrip("/") if values["fallbackUrl"] else None
        self.profiler_pid = values["profilerPid"]


def read():
    """The session, or None where there is no session file that says all that it must."""
    path = os.environ.get(SESSION_ENV)
    if not path:
        return None
    try:
        with open(path, "rb") as stream:
            values = json_text.parse(stream.read().decode("utf-8").strip())
    except (OSError, ValueError):
        return None
    if not isinstance(values, dict) or values.get("version") != 1:
        return None
    if not all(isinstance(values.get(name), str) for name in ("id", "routeUrl", "eventsDir")):
        return None
    if values.get("backend") not in ("sim", "fixed", "direct"):
        return None
    if "fallbackUrl" not in values or not (values["fallbackUrl"] is None or isinstance(values["fallbackUrl"], str)):
        return None
    if not isinstance(values.get("profilerPid"), int) or values["profilerPid"] <= 0:
        return None
    if not values["routeUrl"].startswith("http://") or not os.path.isdir(values["eventsDir"]):
        return None
    return Session(values)


def added_to(environment):
    """A copy of a child's environment, with the variables that bring the hooks into it."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    changed = dict(environment)
    changed[SESSION_ENV] = os.environ[SESSION_ENV]
    paths = [entry for entry in changed.get("PYTHONPATH", "").split(os.pathsep) if entry not in ("", folder)]
    changed["PYTHONPATH"] = os.pathsep.join([folder] + paths)
    node = os.path.join(os.path.dirname(folder), "node", "hook.cjs")
    options = changed.get("NODE_OPTIONS", "")
    if node not in options and os.path.exists(node):
        # Node reads a backslash as an escape inside double quotes.
        require = '--require "%s"' % node.replace("\\", "\\\\").replace('"', '\\"')
        changed["NODE_OPTIONS"] = (require + " " + options).strip()
    return changed
