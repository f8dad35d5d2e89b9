"""JSON without the json module where the program has not imported it: that import is most of what the start would cost."""

import sys


def parse(text):
    """The value of a JSON text. Raises ValueError."""
    try:
        from _json import make_scanner
    except ImportError:
        # Another implementation than CPython.
        import json

        return json.loads(text)
    try:
        value, end = make_scanner(_ScannerOptions)(text, 0)
    except StopIteration:
        raise ValueError("not JSON") from None
    if text[end:].strip():
        raise ValueError("more than one value")
    return value


class _ScannerOptions:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def dump(value):
    """A value as ASCII JSON without spaces, as bytes."""
    dumps = getattr(sys.modules.get("json"), "dumps", None)
    if dumps is not None:
        return dumps(value, separators=(",", ":")).encode("ascii")
    return _dumped(value).encode("ascii")


def _dumped(value):
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ",".join([_quoted(key) + ":" + _dumped(item) for key, item in value.items()]) + "}"
    return "[" + ",".join([_dumped(item) for item in value]) + "]"


def _quoted(text):
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        from json.encoder import encode_basestring_ascii
    return encode_basestring_ascii(text)
