"""The header that tells the proxy who made an LLM call."""

from . import events, frames, json_text, strands
from .system import os

CALL_HEADER = "x-agent-cost-call"
ORIGIN_HEADER = "x-agent-cost-origin"
# CALL_TAG_LIMIT of src/protocol/hook.ts.
_TAG_LIMIT = 6000
# A tag but for its frames; ids hold nothing that JSON would write otherwise.
_TAG = '{"v":1,"id":"%s","pid":%d,"thread":%s,"unattributed":%s,"parent":%s%s}'


def headers(origin_url):
    """The headers of one LLM request; `origin_url` is the base URL that the program meant, None if it meant the proxy."""
    result = {CALL_HEADER: _tag()}
    if origin_url is not None:
        result[ORIGIN_HEADER] = origin_url.encode("ascii", "replace").decode("ascii")
    return result


def _tag():
    events.ensure_hello()
    strands.about_to_call()
    # From the caller of `headers` on.
    origin = frames.capture(2)
    sites = list(origin.frames)
    unattributed = origin.unattributed
    thread = frames.thread_name()
    parent = "null" if origin.span is None else '"%s"' % origin.span.id
    dropped = ',"dropped":%d' % events.dropped() if events.dropped() else ""
    ident = events.new_id(frames.thread_ident())
    frames.call_sent(ident, origin)
    while True:
        reason = "null" if unattributed is None else json_text.dump(unattributed)
        tag = _TAG % (ident, os.getpid(), json_text.dump_text(thread), reason, parent, dropped)
        text = json_text.with_member(tag, "frames", [site.text() for site in sites])
        if len(text) <= _TAG_LIMIT:
            return text
        if sites:
            sites.pop()
            if not sites:
                unattributed = "the file names are too long to be passed on"
        elif len(thread) > 40:
            thread = thread[:40]
        else:
            return text
