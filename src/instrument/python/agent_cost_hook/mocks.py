"""Tells when a test's mocks answer below the libraries that are patched: they know a request by the address that the program meant."""

import sys

# respx; vcrpy; mocks of sockets.
_LIBRARIES = ("respx", "vcr", "httpretty", "mocket", "pook")
# What they put something of their own in the place of, while they are on.
_PLACES = (
    ("http.client", "HTTPConnection"),
    ("httpcore", "ConnectionPool", "handle_request"),
    ("httpcore", "AsyncConnectionPool", "handle_async_request"),
    ("httpcore2", "ConnectionPool", "handle_request"),
    ("httpcore2", "AsyncConnectionPool", "handle_async_request"),
    ("socket", "socket"),
)


def answer():
    """Whether they are on. Cheap where none of those libraries is loaded."""
    modules = sys.modules
    if not any(name in modules for name in _LIBRARIES):
        return False
    for name, *path in _PLACES:
        found = modules.get(name)
        for attribute in path:
            found = getattr(found, attribute, None)
        if str(getattr(found, "__module__", None)).partition(".")[0] in _LIBRARIES:
            return True
    return False
