"""Tells requests to an OpenAI-compatible API from all the others, by method and address.

The same rules as in the Node hook's llmRequests.ts: a program must not be measured differently for its language.
"""

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
# Hosts with protocols of their own: no tools, but nothing that the proxy could take.
_OTHER_PROTOCOLS = ("api.anthropic.com", "api.cohere.com", "api.cohere.ai")


def split(parts, method, trusted, body):
    """Base path and suffix of an LLM request, or None for any other.

    `parts` is the split URL; `trusted()` tells whether an LLM SDK sends it or its host was asked for a completion before;
    `body` is known bytes or None. Chat completions are known by their path alone; shorter names, which other APIs use
    too (`/v1/responses` of a survey, `/v1/models` of a car dealer), must also look right otherwise.
    """
    known = _is_llm_host(parts.hostname)
    found = None
    if method == "POST":
        found = _CHAT.fullmatch(parts.path) or _match_post(parts.path, known, trusted, body)
    elif method in ("GET", "HEAD"):
        found = _match_models(parts, known, trusted)
    if found is None and known:
        found = _UNDER_API.fullmatch(parts.path)
    return None if found is None else (found.group(1), found.group(2))


def speaks_other_protocol(host):
    """Whether a host serves models in a protocol that is not OpenAI's."""
    return host in _OTHER_PROTOCOLS or (host.startswith("bedrock-runtime.") and host.endswith(".amazonaws.com"))


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
