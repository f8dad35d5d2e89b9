"""Where an LLM request goes, and noticing when the profiler is gone."""

import errno
import functools
from urllib.parse import urlsplit

from . import calls, events, frames, llm_requests, mocks
from .session import current as _session
from .system import os

# Where OpenAI's own SDK goes when it is told nothing.
_OPENAI_BASE_URL = "https://api.openai.com/v1"

_route = urlsplit(_session.route_url)
_trusted = {urlsplit(_session.fallback_url).netloc} if _session.fallback_url else set()
_gone = False
# It has taken a connection only to cut it.
_cuts = False
_noted = set()


class Plan:
    """How to send one LLM request. `url` None: as the program meant it, the profiler being gone, the model a mock, or it is tracing that is sent."""

    __slots__ = ("url", "host", "headers", "fallback")

    def __init__(self, url, headers, fallback):
        self.url = url
        self.host = None if url is None else urlsplit(url).netloc
        # Headers to set, ASCII; none when the request does not go to the proxy.
        self.headers = headers
        # Where to go instead if the profiler is gone: a URL, "" for the program's own, None to let the error through.
        self.fallback = fallback


def is_route(host, port):
    """Whether an address is the proxy's."""
    return host == _route.hostname and port == _route.port


def plan(method, url, body=None):
    """The Plan for a request if it is an LLM call, else None. `body` as far as it is known, bytes or None."""
    parts, is_telemetry = _looked_at(method, url)
    if parts is None:
        return None
    if is_telemetry:
        return Plan(None, None, None)
    if url.startswith(_session.route_url + "/"):
        return _env_routed(url)
    found = llm_requests.split(parts, method.upper(), lambda: parts.netloc in _trusted or _inside_sdk(), body, _session.backend == "direct")
    if found is None:
        return None
    base, suffix, at_root = found
    _trusted.add(parts.netloc)
    if mocks.answer():
        note("mocked", "A library for tests (respx, vcrpy, …) answers calls in the model's place: those went where the program sent them and are not measured.")
        return Plan(None, None, None)
    # A program that was to talk to a simulated server must not start to spend money at a real one: it gets the error.
    fallback = None if _session.backend == "sim" else ""
    if fallback is not None and _is_gone():
        return Plan(None, None, None)
    _note_full()
    headers = calls.headers("%s://%s%s" % (parts.scheme, parts.netloc.rpartition("@")[2], base))
    query = "?" + parts.query if parts.query else ""
    return Plan(_session.route_url + ("/root" if at_root else "/v1") + suffix + query, headers, fallback)


@functools.lru_cache(maxsize=100)
def _looked_at(method, url):
    """(its parts, or None where it is no URL of the web; whether it is tracing that is sent): kept, as nearly all calls go to the same few."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None, False
    return parts, llm_requests.is_telemetry(parts, method.upper())


def _env_routed(url):
    """A request that the environment's base URL already sends to the proxy."""
    base = _session.fallback_url or (_OPENAI_BASE_URL if _session.backend == "direct" else None)
    rest = url[len(_session.route_url) :]
    fallback = None if base is None else _joined(base.rstrip("/"), rest)
    if fallback is not None and _is_gone():
        return Plan(fallback, {}, None)
    _note_full()
    return Plan(url, calls.headers(None), fallback)


def _joined(base, path):
    """A path below the route put behind a base URL, which takes the place of `/v1`; paths from the server's root go beside it."""
    if path.startswith("/root/"):
        return (base[:-3] if base.endswith("/v1") else base) + path[5:]
    return base + (path[3:] if path.startswith("/v1/") else path)


def _inside_sdk():
    return any(name.startswith(("openai.", "anthropic.")) for name in frames.modules_before_user())


def is_other_llm(host):
    """Whether a host serves models in a protocol that the backend does not speak; says so once."""
    if not llm_requests.speaks_other_protocol(host):
        return False
    note(
        "protocol-not-supported",
        "Calls to %s speak a protocol that the backend does not: they went where they were sent and are shown as plain HTTP requests."
        " With `--backend direct` they are timed as model calls." % host,
    )
    return True


def note(code, message):
    """Tells the recorder something for the user, once per process."""
    if (code, message) not in _noted:
        _noted.add((code, message))
        events.emit({"type": "note", "t": events.now(), "code": code, "message": message})


def profiler_is_gone(error):
    """Whether a request to the proxy failed because nobody takes connections there: it is to go direct.

    So do all that follow where nobody listens any more. A profiler that lives may only be unable to hold more connections now.
    """
    return _was_lost(error) and not _answers()


def _is_gone():
    if not _gone and os.name == "posix":
        # Its port may be another's by now, who must not be sent a key.
        try:
            os.kill(_session.profiler_pid, 0)
        except ProcessLookupError:
            _mark_gone()
        except OSError:
            pass  # It runs, as another user.
    return _gone


def _note_full():
    """Says once that calls went past the profiler though it lives, if they did."""
    if _cuts and not _is_gone():
        note(
            "calls-past-profiler",
            "The profiler took no connection for some calls, which went direct and are not measured: it was ending, or had as many"
            " files open as it may. Raise its limit (`ulimit -n`), or have fewer calls at once.",
        )


def _mark_gone():
    global _gone
    _gone = True
    note("profiler-gone", "The profiler stopped: further LLM calls go direct and are not measured.")


# A connection to a process that is dying is cut within this time.
_CUT_WITHIN_S = 0.1
# A kept connection is broken off when the profiler dies: httpx's and aiohttp's own words for it, which wrap no OSError.
_BROKEN_OFF = ("RemoteProtocolError", "ServerDisconnectedError")


def _was_lost(error):
    """Whether a connection was refused, or ended before there was an answer.

    Libraries wrap the error as a cause, a reason or an argument: look through all of them.
    """
    seen = set()
    queue = [error]
    while queue:
        current = queue.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, (ConnectionRefusedError, ConnectionResetError, BrokenPipeError)) or type(current).__name__ in _BROKEN_OFF:
            return True
        if getattr(current, "errno", None) == errno.ECONNREFUSED:
            return True
        queue += [current.__cause__, current.__context__, getattr(current, "reason", None), getattr(current, "os_error", None)]
        queue += list(current.args) + list(getattr(current, "exceptions", ()))
    return False


def _answers():
    global _cuts
    # A refusal may be another's, met on the way (a proxy between), and a broken connection has many reasons: ask the port itself. Loopback answers at once.
    import socket

    try:
        with socket.create_connection((_route.hostname, _route.port), timeout=1) as connection:
            # A process that dies gives up its connections one by one, and the port it listens on among the last:
            # what it took is then cut.
            connection.settimeout(_CUT_WITHIN_S)
            try:
                if connection.recv(1):
                    return True
            except socket.timeout:
                return not _is_gone()
            except OSError:
                pass  # As if it had been closed.
            _cuts = True
            return False
    except OSError:
        _mark_gone()
        return False


def body_bytes(body):
    """The body as bytes where it already is text or bytes, else None: a stream is not read for this."""
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    if isinstance(body, dict):
        # What aiohttp and the like will serialise: only its keys are asked for.
        return b",".join(b'"%s"' % str(key).encode("utf-8", "replace") for key in body)
    return None
