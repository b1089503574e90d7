"""Command lines as they may be shown and stored: without what looks like a secret, and short. Pure."""

from __future__ import annotations

import re

from perftools.target import program

HIDDEN = "***"
_LENGTH = 300
_COUNT = 100

_SECRET_WORD = re.compile(
    "password|passwd|passphrase|pwd|secrets?|token|key|apikey|auth|authorization|credentials?|dsn", re.IGNORECASE
)
_OPTION = re.compile(r"-{1,2}([A-Za-z][\w.-]*)")
_ASSIGNMENT = re.compile(r"""([A-Za-z][\w.-]*)(\s*=\s*["']?|["']\s*:\s*["']?|:\s+)([^\s"'&,;}]+)""")
_DEEP = re.compile(r"^(?:/[^/]+)+(?=/[^/]+/[^/]+$)")
_BEARER = re.compile(r"(?i)\b(bearer)\s+\S+")
_URL_USER = re.compile(r"(\w[\w+.-]*://)[^\s/@]+@")
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_CHANGE = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|[0-9](?=[A-Za-z])")


def redact(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments with `***` in place of values of --password, X_TOKEN=, user:password@ in URLs and random strings.

    At most 100 arguments of at most 300 characters.
    """
    shown: list[str] = []
    secret_follows = False
    for arg in argv[:_COUNT]:
        option = _OPTION.fullmatch(arg)
        if secret_follows and not arg.startswith("--"):
            shown.append(HIDDEN)
            secret_follows = False
            continue
        secret_follows = option is not None and _names_secret(option[1])
        text = _hide(arg)
        shown.append(text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…")
    return tuple(shown)


def title(argv: tuple[str, ...], *, width: int = 60) -> str:
    """One short line that names the process for a person: "python -m uvicorn app:app", redacted, printable.

    Where it would be too long, paths are shown by their last two parts.
    """
    if argv and program.is_interpreter(argv[0]):
        argv = (argv[0].rpartition("/")[2], *argv[1:])
    text = _line(argv)
    if len(text) > width:
        text = _line(tuple(_DEEP.sub("…", arg) for arg in argv))
    return text if len(text) <= width else text[: width - 1] + "…"


def _line(argv: tuple[str, ...]) -> str:
    text = " ".join(" ".join(redact(argv)).split())
    return "".join(character if character.isprintable() else "?" for character in text)


def _names_secret(option: str) -> bool:
    words = re.split(r"[-_.]", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", option))
    return any(_SECRET_WORD.fullmatch(word) for word in words)


def _hide(arg: str) -> str:
    arg = _URL_USER.sub(rf"\1{HIDDEN}@", arg)
    arg = _BEARER.sub(rf"\1 {HIDDEN}", arg)
    arg = _ASSIGNMENT.sub(lambda match: match[1] + match[2] + HIDDEN if _names_secret(match[1]) else match[0], arg)
    return _RUN.sub(lambda match: _hide_random(match[0]), arg)


def _hide_random(run: str) -> str:
    """Keys are random: small letters, capitals and digits take turns more often than once in 4 characters.

    In random base 62 it is 6 times in 10, in hexadecimal digits 5, in names of models and classes at most 2.
    """
    if run.startswith("/"):
        return "/".join(_hide_random(part) if len(part) >= 20 else part for part in run.split("/"))
    return HIDDEN if len(_CHANGE.findall(run)) > len(run) / 4 else run
