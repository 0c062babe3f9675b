"""``holdslayer listen``: the ears and the judgement on a recording, or on sound that comes down a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.output import Output
    from engine.audio.source import Block
    from engine.deciding.decisions import Situation
    from engine.hearing.ear import Ear
    from engine.hearing.perceptions import Perception
    from engine.hearing.transcriber import Transcriber

STDIN = "-"


@click.command("listen")
@click.argument("file", default=STDIN, type=click.Path(allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="JSON lines instead of a timeline.")
@click.option("--words/--no-words", default=True, show_default=True, help="Whether to recognise words.")
@click.option("--for", "intent", default="", metavar="INTENT", help="What the caller wants, as in a call.")
def command(file: str, as_json: bool, words: bool, intent: str) -> None:
    """Tell what is heard on a recording: hold music, menus, recordings, and when a person speaks.

    FILE is a WAV or FLAC file of any rate; without one, or with "-", raw sound is read from stdin: 16 bits
    little-endian, 8000 samples a second, mono. Each line says how much of the sound had been heard when it was known,
    and is written at once.
    """
    from app.output import Output
    from engine.audio.source import SourceError

    out = Output(as_json)
    blocks = _blocks(file)
    # The first block is asked for before anything is loaded: a file that is no sound is told at once.
    first = next(blocks)
    transcriber = _transcriber() if words else None
    listening = Listening(out, transcriber, intent)
    listening.take(first)
    try:
        for block in blocks:
            listening.take(block)
    except SourceError:  # damaged further on: what was heard until there counts
        listening.finish()
        raise
    listening.finish()


def _blocks(file: str) -> Iterator[Block]:
    from engine.audio import source

    if file != STDIN:
        return source.from_file(Path(file))
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError("Name a sound file, or send raw sound (s16le, 8000 Hz, mono) down a pipe.")
    return source.from_raw(sys.stdin.buffer)


def _transcriber() -> Transcriber | None:
    from app import paths
    from app.recogniser import load
    from engine import settings

    wished = settings.load(paths.find().settings)
    found = load(wished.hearing, wished.language)
    if found.notice:
        click.echo(f"holdslayer: {found.notice}", err=True)
    return found.transcriber


class Listening:
    """An ear, the policy, and what they say, dated by the sound consumed."""

    def __init__(self, out: Output, transcriber: Transcriber | None, intent: str) -> None:
        from engine.deciding import policy
        from engine.hearing.ear import Ear

        self._out = out
        self._ear: Ear = Ear(transcriber)
        self._situation: Situation = policy.begin(intent, None, acting=False)
        self._consumed_s = 0.0

    def take(self, block: Block) -> None:
        """Hear one block and say what it brought."""
        self._consumed_s = block.consumed_s
        for perception in self._ear.feed(block.samples):
            self._judge(perception)

    def finish(self) -> None:
        """The sound has ended: say what was still open."""
        for perception in self._ear.finish():
            self._judge(perception)

    def _judge(self, perception: Perception) -> None:
        from dataclasses import replace

        from app import heard
        from engine.deciding import policy
        from engine.deciding.decisions import Move, NoteSpeaker

        if line := heard.of_heard(perception):
            self._out.line(self._consumed_s, line)
        verdict = policy.decide(self._situation, perception)
        phase = self._situation.phase
        for action in verdict.actions:
            if isinstance(action, Move):
                phase = action.phase
            if isinstance(action, NoteSpeaker) and action.speaker == "person":
                self._ear.voices.drop(action.span)
            if line := heard.of_judged(action):
                self._out.line(self._consumed_s, line)
        # As in a call, the phase moves by a Move action alone.
        self._situation = replace(verdict.situation, phase=phase)
