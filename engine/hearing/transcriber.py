"""Speech to text behind one protocol, so that whisper, pocketsphinx and nobody at all are interchangeable.

A ``Transcriber`` is loaded once and belongs to one thread at a time. ``begin`` opens an utterance; sound is fed as it
comes; ``partial`` may be asked at any time for the words so far; ``end`` closes it. All calls may take CPU time and
are made from the hearing worker (live) or in line (``holdslayer listen``), never from the event loop.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.hearing.perceptions import Heard, Unheard

Samples = NDArray[np.int16]
"""Mono PCM at 16 kHz."""


class ModelMissing(Exception):
    """A model file is missing or damaged. ``str()`` says which and what to do."""


class Utterance(Protocol):
    """One stretch of speech being recognised."""

    def accept(self, samples: Samples) -> None:
        """Feed the next samples (int16 mono 16 kHz, any length)."""
        ...

    def partial(self, at_s: float) -> Heard | None:
        """Words so far, None while there are none."""
        ...

    def end(self, at_s: float, end_s: float) -> Heard | Unheard:
        """Close the utterance: its final words, or why there are none."""
        ...


class Transcriber(Protocol):
    """A loaded speech recogniser."""

    @property
    def name(self) -> str:
        """For the user: engine and model."""
        ...

    def begin(self, start_s: float) -> Utterance:
        """Open an utterance that begins at ``start_s`` on the call clock."""
        ...


@runtime_checkable
class KeepsCalls(Protocol):
    """A recogniser that keeps something for each call: the language it found there."""

    def for_call(self) -> Transcriber:
        """The recogniser for one call."""
        ...
