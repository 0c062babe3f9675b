"""The log: one file, one logger a subject (the module's name), nothing private in it.

Every line passes ``redact`` on its way out, arguments and tracebacks included: telephone numbers keep their last four
digits, pressed digits become stars, passwords and digest answers vanish. Who writes a log line need not think of it;
who writes a transcript to the log is wrong all the same, for words cannot be told from secrets.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

MAX_BYTES = 2_000_000
KEPT = 4
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

_secrets: set[str] = set()

_PASSWORD = re.compile(
    r"(?i)\b(pass(?:word|wd|phrase)?|secret|token|api[_-]?key)\b(['\"]?\s*[:=]\s*)('[^']*'|\"[^\"]*\"|[^\s,;)]+)"
)
_DIGEST = re.compile(r"(?i)((?:proxy-)?authorization:).*")
_DIGITS = re.compile(
    r"(?i)\b((?:dtmf|digits?|keys?|press(?:ed|es|ing)?|dial(?:l?ed|l?ing)?)\b(?:\s+(?:is|was|are|digits?|keys?))?"
    r"\s*[:=]?\s*['\"]?)([0-9*#A-D]{1,32})(?![\w.])"
)
_NUMBER = re.compile(
    r"(?P<keep>"
    r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?\b"  # a date
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b"  # an IPv4 address
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"  # a UUID
    r"|\b(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{12,}\b"  # a key of ours
    r")|(?<![\w.])(?P<number>\+?\(?\d(?:[ ().\-/]{0,2}\d){6,})(?![\w])"
)


def hide(secret: str) -> None:
    """Never write ``secret`` into the log, wherever it may come from."""
    if len(secret) >= 4:
        _secrets.add(secret)


def redact(text: str) -> str:
    """``text`` without what must not be in a log."""
    for secret in _secrets:
        text = text.replace(secret, "***")
    text = _DIGEST.sub(r"\1 ***", text)
    text = _PASSWORD.sub(r"\1\2***", text)
    text = _NUMBER.sub(_last_four, text)
    return _DIGITS.sub(lambda found: found[1] + "*" * len(found[2]), text)


def _last_four(found: re.Match[str]) -> str:
    if found["keep"]:
        return found["keep"]
    return "…" + "".join(c for c in found["number"] if c.isdigit())[-4:]


class RedactingFormatter(logging.Formatter):
    """Formats as ever, then redacts everything but the time in front."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        whole = super().format(record)
        front, time, rest = whole.partition(getattr(record, "asctime", "") or "\0")
        return front + time + redact(rest) if time else redact(whole)


class _PrivateFile(RotatingFileHandler):
    """A rotating file that only its user can read, from its first moment on."""

    def _open(self) -> IO[str]:  # type: ignore[override]
        def opener(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=opener)


def start(file: Path, verbose: bool = False) -> list[logging.Handler]:
    """Log to ``file`` (INFO, or DEBUG when ``verbose``, then to stderr as well). Returns the handlers for ``stop``.

    A file that cannot be written is said on stderr and otherwise borne: a call matters more than its log.
    """
    handlers: list[logging.Handler] = []
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers.append(
            _PrivateFile(file, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8", delay=False)
        )
    except OSError as error:
        print(f"The log cannot be written to {file}: {error.strerror}.", file=sys.stderr)
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for handler in handlers:
        handler.setFormatter(RedactingFormatter(FORMAT))
        root.addHandler(handler)
    if not handlers:
        handlers.append(logging.NullHandler())  # or Python prints warnings to stderr by itself
        root.addHandler(handlers[0])
    for chatty in ("asyncio", "numba", "faster_whisper", "httpx", "urllib3", "PIL"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return handlers


def stop(handlers: list[logging.Handler]) -> None:
    """Close what ``start`` opened."""
    for handler in handlers:
        logging.getLogger().removeHandler(handler)
        handler.close()
