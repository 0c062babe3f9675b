"""What is remembered of announcements: signs from which no sound can be made again, small enough to be shared.

A ``Print`` keeps, of every 20 ms of an utterance, for fifteen pairs of neighbouring bands only whether the fall of
energy between the two has grown, shrunk, or hardly changed within 60 ms: nothing of level, pitch or the spectrum
itself, so that neither words nor voice can be had back. ``Prints`` is a bounded collection of them, the memory of one
company: it goes into a call (``fingerprints.Repeats(known)``), comes out with what was learned
(``Repeats.learned``), is joined with ``merge`` and kept as text.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME_S = 0.02
FRAME_BYTES = 3
MOST_S = 1200.0
"""Speech that is remembered of one company: twenty minutes. What was not met for longest goes first."""
SHORTEST_S = 0.6
"""A shorter utterance is not worth remembering: it could be anybody's."""
HARDLY_DB = 3.0
_POWERS = 3 ** np.arange(5)
_MARK = "prints1:"
_MOST_LABEL = 200

Codes = NDArray[np.uint8]
"""Shape (frames, 3): fifteen values -1, 0, 1 a frame, five to a byte in base 3, the first the lowest digit."""


def codes_of(changes: NDArray[np.float32]) -> Codes:
    """``changes``: shape (frames, 15), decibels, one frame every 20 ms."""
    digits = (changes > HARDLY_DB).astype(np.int64) - (changes < -HARDLY_DB) + 1
    return (digits.reshape(-1, FRAME_BYTES, 5) @ _POWERS).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Print:
    """One utterance of a recording.

    ``bits``: three bytes for every 20 ms. ``label``: what it says, if somebody knows; for people only.
    """

    bits: bytes
    label: str = ""

    @property
    def codes(self) -> Codes:
        """The bits as an array."""
        return np.frombuffer(self.bits, np.uint8).reshape(-1, FRAME_BYTES)

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return len(self.bits) // FRAME_BYTES * FRAME_S


@dataclass(frozen=True, slots=True)
class Prints:
    """The announcements of one company, those met last at the end. Equal when their contents are."""

    utterances: tuple[Print, ...] = ()

    @property
    def length_s(self) -> float:
        """Length of all together, in seconds; at most ``MOST_S`` after ``merge``."""
        return sum(one.length_s for one in self.utterances)

    def merge(self, newer: Prints) -> Prints:
        """Both together. What is in both counts as met last; beyond ``MOST_S`` the oldest are dropped."""
        fresh = {one.bits: one for one in newer.utterances}
        labels = {one.bits: one.label for one in self.utterances if one.label}
        kept = [one for one in self.utterances if one.bits not in fresh]
        kept += [Print(bits, one.label or labels.get(bits, "")) for bits, one in fresh.items()]
        length_s, first = 0.0, len(kept)
        while first and length_s + kept[first - 1].length_s <= MOST_S:
            first -= 1
            length_s += kept[first].length_s
        return Prints(tuple(kept[first:]))

    def to_text(self) -> str:
        """One line of ASCII (about 200 characters for a second of speech); no sound can be made from it."""
        parts = []
        for one in self.utterances:
            label = one.label.encode()[:_MOST_LABEL].decode(errors="ignore").encode()
            parts.append(
                len(one.bits).to_bytes(4, "little") + len(label).to_bytes(1, "little") + one.bits + label
            )
        return _MARK + base64.b64encode(zlib.compress(b"".join(parts), 6)).decode("ascii")

    @staticmethod
    def from_text(text: str) -> Prints:
        """The reverse of ``to_text``. Raises ValueError, with a sentence for the user, when the text is damaged."""
        if not text.startswith(_MARK):
            raise ValueError("This is no memory of announcements: it does not begin with 'prints1:'.")
        most = int(MOST_S / FRAME_S) * FRAME_BYTES * 2
        try:
            unpacker = zlib.decompressobj()
            packed = base64.b64decode(text[len(_MARK) :], validate=True)
            data = unpacker.decompress(packed, most)
            whole = unpacker.eof and not unpacker.unused_data
        except (binascii.Error, zlib.error):
            whole, data = False, b""
        found, at = [], 0
        while whole and at < len(data):
            size, named = (
                int.from_bytes(data[at : at + 4], "little"),
                int.from_bytes(data[at + 4 : at + 5], "little"),
            )
            bits = data[at + 5 : at + 5 + size]
            label = data[at + 5 + size : at + 5 + size + named]
            at += 5 + size + named
            if size % FRAME_BYTES or at > len(data) or max(bits, default=0) > 242:
                whole = False
                break
            found.append(Print(bits, label.decode("utf-8", "replace")))
        if not whole:
            raise ValueError(
                "The memory of announcements is damaged and was not read. It will be learned again from the next calls."
            )
        return Prints().merge(Prints(tuple(found)))
