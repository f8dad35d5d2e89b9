"""JSON without the json module where the program has not imported it: that import is most of what the start would cost."""

_encode = None


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
    """A value as ASCII JSON without spaces. It must not contain itself."""
    global _encode
    if _encode is None:
        _encode = _encoder()
    return "".join(_encode(value, 0))


# Texts that are written again and again, as JSON.
_texts = {}
_MOST_TEXTS = 100


def dump_text(text):
    """The JSON of a text that is one of few."""
    known = _texts.get(text)
    if known is None:
        if len(_texts) >= _MOST_TEXTS:
            _texts.clear()
        known = _texts[text] = dump(text)
    return known


def with_member(text, name, items):
    """An object's JSON that has members, with one more: a list of values whose JSON is at hand."""
    return '%s,"%s":[%s]}' % (text[:-1], name, ",".join(items))


def _encoder():
    """What json.dumps makes anew for each value."""
    try:
        from _json import encode_basestring_ascii, make_encoder

        encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True)
        if "".join(encode({"a": [None, 1.5, True]}, 0)) == '{"a":[null,1.5,true]}':
            return encode
    except Exception:
        pass  # Another implementation than CPython's, or another CPython than those we know.
    import json

    encoder = json.JSONEncoder(separators=(",", ":"))
    return lambda value, _level: encoder.encode(value)


def _refuse(value):
    raise TypeError("%s has no JSON" % type(value).__name__)
