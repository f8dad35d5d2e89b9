"""Texts about the user's requests and processes that are fit to be kept: short, and without anything like a credential.

The same rules as in the Node hook's safeText.ts, so that both describe the same request in the same words.
"""

import os
import re

_LONGEST = 160
# Long runs of mixed letters and digits: API keys, bot tokens in a path, signed ids.
_TOKEN = re.compile(r"(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{20,}", re.ASCII)
_SECRET_WORD = re.compile(r"(key|token|secret|passw|credential|auth|bearer)[\w-]*[=:]", re.IGNORECASE | re.ASCII)
_KNOWN_PREFIX = re.compile(r"\b(sk-|ghp_|gho_|xox[abp]-|AKIA|hf_|eyJ)", re.ASCII)
_PLAIN_WORD = re.compile(r"[\w./\\+][\w./\\+-]*", re.ASCII)
_SHELL_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s\"';|&<>()]+")


def looks_secret(text):
    """Whether a piece of text may be a credential. Errs on the side of yes."""
    return bool(_TOKEN.search(text) or _SECRET_WORD.search(text) or _KNOWN_PREFIX.search(text))


def request(method, host, path):
    """`GET host/path`: no query, and segments that may be credentials cut out. `host` is without user and password."""
    return _shortened("%s %s%s" % (method, host, _shown_path(path)))


def answered(method, path):
    """`POST /ask`: of a request to the program itself."""
    return _shortened("%s %s" % (method, _shown_path(path)))


def _shown_path(path):
    return "/".join(["…" if looks_secret(segment) else segment for segment in path.partition("?")[0].split("/")])


def process(program, first_argument):
    """`git status`: the program's name and its first argument, unless that is an option or may be a credential."""
    name = os.path.basename(program.replace("\\", "/")) or program
    plain = first_argument is not None and _PLAIN_WORD.fullmatch(first_argument) and not looks_secret(first_argument)
    return _shortened("%s %s" % (name, first_argument) if plain else name)


def split_command(command):
    """Program and first argument of a shell's command line, leaving out assignments in front (`A=b git status`)."""
    words = [word for word in _SHELL_WORD.findall(command) if not re.match(r"\w+=", word)]
    bare = [word[1:-1] if len(word) > 1 and word[0] in "\"'" and word[0] == word[-1] else word for word in words]
    return (bare[0] if bare else "shell"), (bare[1] if len(bare) > 1 else None)


def error(exception):
    """What went wrong, in a few words: the type, and the message's first line unless that may hold a credential."""
    name = type(exception).__name__
    first = (str(exception).splitlines() or [""])[0]
    return _shortened("%s: %s" % (name, first) if first and not looks_secret(first) else name)


def _shortened(text):
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
