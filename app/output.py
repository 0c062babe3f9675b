"""Where lines go: stdout, each flushed at once; as JSON or as a timeline."""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from typing import TextIO

from app.timeline import Line, as_json, as_text

WORDS_AT = 10
"""Column where the words of a timeline begin (see ``timeline.as_text``): a long line goes on beneath them."""


class Output:
    """Writes lines. With ``json`` stdout carries JSON lines and nothing else; remarks then go to stderr."""

    def __init__(self, json: bool, stream: TextIO | None = None, remarks: TextIO | None = None) -> None:
        self.json = json
        self._stream = stream or sys.stdout
        self._remarks = remarks or sys.stderr
        if stream is None and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(
                errors="replace"
            )  # a character that a terminal lacks must not end the program

    def line(self, t: float, line: Line) -> None:
        """Write one line at ``t`` seconds. Raises ``BrokenPipeError`` when nobody reads any more."""
        text = as_json(t, line) if self.json else as_text(t, line)
        if text and not self.json and self._stream.isatty():
            text = textwrap.fill(
                text, max(40, shutil.get_terminal_size().columns), subsequent_indent=" " * WORDS_AT
            )
        if text:
            self._stream.write(text + "\n")
            self._stream.flush()

    def remark(self, text: str) -> None:
        """Something for a person beside the lines."""
        print(text, file=self._remarks if self.json else self._stream, flush=True)
