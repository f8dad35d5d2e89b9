"""The header that tells the proxy who made an LLM call."""

from . import events, frames, json_text
from .system import os

CALL_HEADER = "x-agent-cost-call"
ORIGIN_HEADER = "x-agent-cost-origin"
# CALL_TAG_LIMIT of src/protocol/hook.ts.
_TAG_LIMIT = 6000


def headers(origin_url):
    """The headers of one LLM request; `origin_url` is the base URL that the program meant, None if it meant the proxy."""
    result = {CALL_HEADER: _tag()}
    if origin_url is not None:
        result[ORIGIN_HEADER] = origin_url.encode("ascii", "replace").decode("ascii")
    return result


def _tag():
    events.ensure_hello()
    origin = frames.capture()
    sites = list(origin.frames)
    tag = {
        "v": 1,
        "id": events.new_id(frames.thread_ident()),
        "pid": os.getpid(),
        "thread": frames.thread_name(),
        "unattributed": origin.unattributed,
        "parent": None if origin.span is None else origin.span.id,
    }
    if events.dropped():
        tag["dropped"] = events.dropped()
    while True:
        text = _encoded(tag, sites)
        if len(text) <= _TAG_LIMIT:
            return text
        if sites:
            sites.pop()
            if not sites:
                tag["unattributed"] = "the file names are too long to be passed on"
        elif len(tag["thread"]) > 40:
            tag["thread"] = tag["thread"][:40]
        else:
            return text


def _encoded(tag, sites):
    return json_text.with_member(json_text.dump(tag), "frames", [site.text() for site in sites])
