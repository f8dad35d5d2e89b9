"""Tells requests to an LLM's API from all the others, by method and address.

The same rules as in the Node hook's llmRequests.ts: a program must not be measured differently for its language.
"""

import os
import re

# Hosts that serve nothing but models, whose paths need no further look.
_LLM_HOSTS = (
    "api.openai.com openai.azure.com cognitiveservices.azure.com inference.ai.azure.com models.github.ai api.deepseek.com "
    "api.groq.com api.mistral.ai api.together.xyz api.together.ai openrouter.ai api.perplexity.ai api.fireworks.ai "
    "generativelanguage.googleapis.com api.x.ai api.cerebras.ai api.sambanova.ai integrate.api.nvidia.com "
    "router.huggingface.co api.deepinfra.com api.moonshot.ai api.moonshot.cn api.z.ai open.bigmodel.cn "
    "dashscope.aliyuncs.com dashscope-intl.aliyuncs.com"
).split()
_CHAT = re.compile(r"(.*)(/chat/completions)/?")
_POSTS = re.compile(r"(.*)(/(?:completions|responses|embeddings))/?")
_MODELS = re.compile(r"(.*?)(/models(?:/.+)?)/?")
# `/v1`, `/openai/v1`, `/v1beta/openai`, `/compatible-mode/v1`, `/api/paas/v4`, `/openai/deployments/NAME`.
_API_PREFIX = re.compile(r"/v\d+(?:(?:alpha|beta)\d*)?(?:/openai)?$|/openai/deployments/[^/]+$")
# Anything of a model host's own API: files, audio, moderations, a stored completion.
_UNDER_API = re.compile(r"(.*?/v\d+(?:(?:alpha|beta)\d*)?(?:/openai)?)(/.+)")
_MODEL_NAMED = re.compile(rb'"model"')
_LOCAL = re.compile(r"127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.")
# Hosts with protocols of their own: passed through where each call goes where it was sent, else left alone.
_OTHER_PROTOCOLS = re.compile(r"api\.cohere\.(com|ai)|bedrock-runtime\.[\w-]+\.amazonaws\.com")
_ANTHROPIC = "api.anthropic.com"
# Anthropic's, which vLLM and llama.cpp serve as well.
_MESSAGES = re.compile(r"(.*/v1)(/messages(?:/count_tokens)?)/?")
_OLLAMA = re.compile(r"(.*)(/api/(?:chat|generate|embed|embeddings))/?")
_OLLAMA_PORT = 11434
_LLAMACPP = re.compile(r"(.*)(/(?:completion|infill|embedding))/?")
# OTLP, OpenAI's and LangSmith's traces.
_TELEMETRY_PATH = re.compile(r"/v1/(?:traces|logs|metrics)(?:/ingest)?$|/otlp/?$")
_LANGSMITH = re.compile(r"(?:[\w-]+\.)?api\.smith\.langchain\.com")
_LLAMACPP_BODY = re.compile(rb'"(prompt|input_prefix|content)"')


def is_telemetry(parts, method):
    """Whether it is a program's own tracing that is sent: no call, and no work of the agent's."""
    return (method == "POST" and _TELEMETRY_PATH.search(parts.path) is not None) or _LANGSMITH.fullmatch(parts.hostname) is not None


def split(parts, method, trusted, body, passes_all=False):
    """(base path, suffix, at root) of an LLM request, or None for any other.

    At root: the suffix counts from the server's root (Ollama's and llama.cpp's own routes), not from its `/v1`.
    `passes_all`: each call goes where it was sent, so that what is not looked into can pass as well.

    `parts` is the split URL; `trusted()` tells whether an LLM SDK sends it or its host was asked for a completion before;
    `body` is known bytes or None. Chat completions are known by their path alone; shorter names, which other APIs use
    too (`/v1/responses` of a survey, `/v1/models` of a car dealer), must also look right otherwise.
    """
    known = _is_llm_host(parts.hostname)
    found = None
    if method == "POST":
        found = _CHAT.fullmatch(parts.path) or _match_post(parts.path, known, trusted, body) or _match_messages(parts, trusted, body)
    elif method in ("GET", "HEAD"):
        found = _match_models(parts, known, trusted)
    if found is None and known:
        found = _UNDER_API.fullmatch(parts.path)
    if found is not None:
        return found.group(1), found.group(2), False
    found = _match_native(parts, body) if method == "POST" else None
    if found is not None:
        return found.group(1), found.group(2), True
    if passes_all and (speaks_other_protocol(parts.hostname) or parts.hostname == _ANTHROPIC):
        return "", parts.path, True
    return None


def speaks_other_protocol(host):
    """Whether a host serves models in a protocol that is not looked into."""
    return _OTHER_PROTOCOLS.fullmatch(host) is not None


def _match_messages(parts, trusted, body):
    match = _MESSAGES.fullmatch(parts.path)
    if match is None or parts.hostname == _ANTHROPIC:
        return match
    if body is not None and all(name in body for name in (b'"model"', b'"messages"', b'"max_tokens"')):
        return match
    return match if trusted() else None


def _match_native(parts, body):
    """Paths that any server could have: they must lead to where such a server listens, and say what such a server is told."""
    ollama = _OLLAMA.fullmatch(parts.path)
    if ollama is not None:
        listens = parts.port == _OLLAMA_PORT or _is_ollama_host(parts)
        return ollama if listens and (body is None or _MODEL_NAMED.search(body)) else None
    llamacpp = _LLAMACPP.fullmatch(parts.path)
    if llamacpp is None or body is None or not _is_local(parts.hostname):
        return None
    return llamacpp if _LLAMACPP_BODY.search(body) else None


def _is_ollama_host(parts):
    """OLLAMA_HOST may be a URL, a host with a port, or a host alone."""
    named = os.environ.get("OLLAMA_HOST") or ""
    rest = re.sub(r"^\w+://", "", named).partition("/")[0]
    return rest != "" and parts.netloc == (rest if ":" in rest else "%s:%d" % (rest, _OLLAMA_PORT))


def _match_post(path, known, trusted, body):
    match = _POSTS.fullmatch(path)
    if match is None or known:
        return match
    if _API_PREFIX.search(match.group(1)) and (body is None or _MODEL_NAMED.search(body)):
        return match
    return match if trusted() else None


def _match_models(parts, known, trusted):
    match = _MODELS.fullmatch(parts.path)
    if match is None or not _API_PREFIX.search(match.group(1)):
        return None
    return match if known or _is_local(parts.hostname) or trusted() else None


def _is_llm_host(host):
    return any(host == known or host.endswith("." + known) for known in _LLM_HOSTS)


def _is_local(host):
    return host in ("localhost", "::1") or "." not in host or _LOCAL.match(host) is not None
