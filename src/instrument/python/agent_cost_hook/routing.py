"""Which requests are LLM calls, and where they go."""

import errno
from urllib.parse import urlsplit

from . import calls, events
from .session import current as _session

_POSTED = ("/chat/completions", "/completions", "/responses", "/embeddings")
# Hosts whose API is known: there, also paths that name no version are LLM calls.
_LLM_HOSTS = (
    "api.openai.com",
    "openai.azure.com",
    "cognitiveservices.azure.com",
    "services.ai.azure.com",
    "openrouter.ai",
    "api.together.xyz",
    "api.groq.com",
    "api.mistral.ai",
    "api.deepseek.com",
    "api.fireworks.ai",
    "api.x.ai",
    "api.perplexity.ai",
    "api.cerebras.ai",
    "api.sambanova.ai",
    "integrate.api.nvidia.com",
    "inference.baseten.co",
    "router.huggingface.co",
    "dashscope.aliyuncs.com",
)
# LLM hosts with protocols of their own: no tools, but nothing that the proxy could take.
_OTHER_LLM_HOSTS = ("api.anthropic.com", "generativelanguage.googleapis.com", "api.cohere.com", "amazonaws.com")

_route = urlsplit(_session.route_url)
_gone = False
_noted = set()


class Plan:
    """How to send one LLM request. `url` None: as the program meant it, the profiler being gone."""

    __slots__ = ("url", "host", "headers", "fallback")

    def __init__(self, url, host, headers, fallback):
        self.url = url
        self.host = host
        # Headers to set; the values are ASCII.
        self.headers = headers
        # Where to go instead if the profiler is gone: a URL, "" for the program's own, None to let the error through.
        self.fallback = fallback


def is_route(host, port):
    """Whether an address is the proxy's."""
    return host == _route.hostname and port == _route.port


def plan(method, url, body=None):
    """The Plan for a request if it is an LLM call, else None. `body` as far as it is known, bytes or None."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    method = method.upper()
    if is_route(parts.hostname, parts.port) and (parts.path + "/").startswith(_route.path + "/"):
        return _env_routed(parts)
    found = _llm_path(method, parts, body)
    if found is None:
        return None
    base, suffix = found
    if _gone:
        return Plan(None, None, None, None)
    origin = "%s://%s%s" % (parts.scheme, parts.netloc.rpartition("@")[2], base)
    headers = calls.headers(origin)
    return Plan(_with_query(_session.route_url + "/v1" + suffix, parts), _route.netloc, headers, None if _session.backend == "sim" else "")


def _env_routed(parts):
    rest = parts.path[len(_route.path) :]
    suffix = rest[3:] if rest.startswith("/v1/") else rest
    fallback = None
    if _session.backend != "sim" and _session.fallback_url is not None:
        fallback = _with_query(_session.fallback_url + suffix, parts)
    if _gone and fallback is not None:
        return Plan(fallback, urlsplit(fallback).netloc, {}, None)
    return Plan(_with_query("%s://%s%s" % (parts.scheme, parts.netloc, parts.path), parts), _route.netloc, calls.headers(None), fallback)


def _with_query(url, parts):
    return url + "?" + parts.query if parts.query else url


def _llm_path(method, parts, body):
    path = parts.path.rstrip("/")
    if method == "GET":
        if not path.endswith("/models"):
            return None
        base = path[: -len("/models")]
        return (base, "/models") if base.endswith("/v1") or _is_one_of(parts.hostname, _LLM_HOSTS) else None
    if method != "POST":
        return None
    for suffix in _POSTED:
        if path.endswith(suffix):
            base = path[: -len(suffix)]
            if suffix == "/chat/completions" or _is_one_of(parts.hostname, _LLM_HOSTS):
                return base, suffix
            # `/v1/responses` is also what a survey's API is called: an LLM's request names a model.
            if _ends_in_version(base) and (body is None or b'"model"' in body):
                return base, suffix
            return None
    return None


def _ends_in_version(base):
    last = base.rsplit("/", 1)[-1]
    return len(last) >= 2 and last[0] == "v" and last[1].isdigit()


def _is_one_of(host, hosts):
    return any(host == known or host.endswith("." + known) for known in hosts)


def is_unrouted_llm(method, host, path):
    """Whether a request goes to an LLM in a protocol that the proxy does not speak; says so once."""
    if method.upper() != "POST" or not _is_one_of(host, _OTHER_LLM_HOSTS):
        return False
    if host.endswith("amazonaws.com") and not host.startswith("bedrock-runtime"):
        return False
    note("not-routed", "Calls to %s are not measured: only OpenAI-compatible endpoints are." % host)
    return True


def note(code, message):
    """Tells the recorder something for the user, once per process."""
    if (code, message) not in _noted:
        _noted.add((code, message))
        events.emit({"type": "note", "t": events.now(), "code": code, "message": message})


def profiler_is_gone(error):
    """Whether a request to the proxy failed because nobody listens there any more; from then on calls go direct."""
    global _gone
    if not _was_refused(error) or _answers():
        return False
    if not _gone:
        _gone = True
        note("profiler-gone", "The profiler stopped: further LLM calls go direct and are not measured.")
    return True


def _was_refused(error):
    """Libraries wrap the refusal as a cause, a reason or an argument: look through all of them."""
    seen = set()
    queue = [error]
    while queue:
        current = queue.pop()
        if current is None or id(current) in seen or not isinstance(current, BaseException):
            continue
        seen.add(id(current))
        if isinstance(current, ConnectionRefusedError) or getattr(current, "errno", None) == errno.ECONNREFUSED:
            return True
        queue += [current.__cause__, current.__context__, getattr(current, "reason", None), getattr(current, "os_error", None)]
        queue += list(current.args) + list(getattr(current, "exceptions", ()))
    return False


def _answers():
    # A refusal may be another's, met on the way (a proxy between): ask the port itself. Loopback answers at once.
    import socket

    try:
        socket.create_connection((_route.hostname, _route.port), timeout=1).close()
        return True
    except OSError:
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
