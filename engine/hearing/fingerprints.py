"""Was this very sound heard before, in this call or an earlier one? Announcements repeat exactly; people never do.

After Haitsma and Kalker (2002): how much the fall of energy from one band to the next has grown or shrunk in 60 ms
survives level, codecs, noise, and much of the music beneath a voice. Of an utterance heard that is kept as fifteen
values a 20 ms frame, each -1, 0 or 1 (``prints.Print``). The speech going on is laid over all that is remembered:
every 40 ms its fifteen changes, each weighted by its size (small ones are noise, or music), are multiplied with what
is remembered at every place, and the products of one alignment are added up, the older ones forgotten slowly. In
units of what chance gives (``z``) speech that was not heard before stays below 4.6 wherever it is laid; a repeat
grows beyond without bound. An alignment near the beginning of a remembered utterance needs less, because there are
few of them and most repeats begin where the first began.

Measured on voices and music kept out of the making (tests/bench/hearing/voices.py; 150 utterances, 8.5 minutes known,
half first heard over music): known are 57 % of repeats 0.5 s after the beginning, 77 % after 0.6 s, 92 % after 0.8 s,
97 % after 1.2 s, 99 % after 2 s; over other music 8 dB below 82, 90 and 98 % after 0.6, 0.8 and 1.2 s. Of 721
utterances of people, half over music, none reached 0.25 and 10 anything at all; of 1,840 against 17.5 minutes of
prompts, which the thresholds were set on, 16 reached anything, one 0.31, none more: with that tail fewer than one in
10,000 reach one half. A comparison costs 0.4 % of a core while somebody speaks, with twenty minutes known about 1 %,
in silence nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.hearing.features import BANDS, Block, Floats
from engine.hearing.perceptions import Span
from engine.hearing.prints import FRAME_S, SHORTEST_S, Codes, Print, Prints, codes_of

__all__ = ["Print", "Prints", "Repeats"]

LAG_FRAMES = 6
STEP = 4
"""Frames of 10 ms from one comparison to the next: neighbours say the same."""
LOUD_DB = -48.0
QUIETER_DB, FULL_DB = 24.0, 10.0
"""So far below the loudest of the utterance a frame no longer counts, and so much above that it counts fully: between
the words there is music."""
SOFT_DB = 6.0
"""A change of a band of this size counts three quarters of a very large one."""
LEAST = 10
"""Loud comparisons (0.4 s) before anything is said."""
NEAR = 12
"""Places (of 20 ms) around the beginning of a remembered utterance where a repeat is expected: a quarter second."""
FADE = 0.974
"""What a comparison still weighs one comparison later: a second and a half until a third is left."""
SURE_NEAR, SURE_FAR, WIDTH = 5.2, 6.2, 1.0
"""``z`` of one half, near a beginning and elsewhere, and from one half to certain, when twenty minutes are known."""
PLACES_NEAR, PLACES_FAR = 7500, 60_000
LESS = 0.22
"""Chance finds less where there is less to find it in: the largest of n tries grows with the logarithm of n."""
SHARE_NEAR, SHARE_FAR, SHARE_WIDTH = 0.29, 0.42, 0.05
"""The same for the fit as a share of the best possible: music alone that was heard before beneath another voice
fits to 0.30 at most, for as long as one likes."""
LATELY = 15
STILL = 1.5
"""Comparisons that must still fit, and the ``z`` of theirs from which it counts: when the repeat is over and somebody
else speaks, the belief ends. Chance gives 1.5 in one of forty, a repeat 3 to 6."""
FAMILIAR = 0.9

_SCALE = 8.0
_TRITS = np.array([[value // 3**k % 3 - 1 for k in range(5)] for value in range(256)], np.float32)


@dataclass(slots=True)
class _Utterance:
    """What was heard in this call. ``recorded``: what the user said of it, None when nothing."""

    span: Span
    codes: Codes
    recorded: bool | None = None
    twin: Print | _Utterance | None = field(default=None, repr=False)  # what it repeats


class _Memory:
    """All that is remembered, one after the other, and how well the utterance going on fits each place."""

    def __init__(self, parts: Sequence[tuple[Print | _Utterance, Codes]]) -> None:
        gap = np.full((NEAR + 1, 3), 121, np.uint8)  # 121: five zeros
        self._owners = [owner for owner, _ in parts]
        rows: list[Codes] = []
        starts, at = [], 0
        for _, codes in parts:
            starts.append(at + len(gap))
            rows += [gap, codes]
            at += len(gap) + len(codes)
        frames = np.concatenate([*rows, gap]) if parts else np.zeros((0, 3), np.uint8)
        self._starts = np.array(starts, np.int64)
        self._planes = [frames[:, k].tobytes() for k in range(3)]
        self._near = (self._starts[:, None] + np.arange(-NEAR, NEAR + 1)).reshape(-1)
        self._sums = np.zeros(len(frames), np.float32)
        self._square = self._largest = 1e-3
        self._count = 0

    def compare(self, number: int, weights: Floats) -> None:
        """Lay comparison ``number`` of the utterance over every place. ``weights``: shape (15,), zero when quiet."""
        ahead = number * STEP // 2
        self._sums *= FADE
        self._square = self._square * FADE**2 + float(weights @ weights)
        self._largest = self._largest * FADE + float(np.abs(weights).sum())
        if ahead >= len(self._sums) or not weights.any():
            return
        self._count += 1
        fit = self._products(weights, slice(ahead, None))
        self._sums[: len(fit)] += fit

    def _products(self, weights: Floats, part: slice) -> NDArray[np.int8]:
        """In units of 1 / ``_SCALE``; the largest, 15 x 8, just fits."""
        found = []
        for k, plane in enumerate(self._planes):
            table = np.rint(_TRITS @ weights[5 * k : 5 * k + 5] * _SCALE).astype(np.int8)
            found.append(np.frombuffer(plane[part].translate(table.tobytes()), np.int8))
        total = found[0] + found[1]
        total += found[2]
        return total

    def best(self, recent: Sequence[tuple[int, Floats]]) -> tuple[float, Print | _Utterance | None]:
        """How sure the utterance is a repeat, and of what. ``recent``: the newest comparisons with any weight."""
        if self._count < LEAST or not len(self._owners):
            return 0.0, None
        unit = _SCALE * float(np.sqrt(self._square))
        best = _SCALE * self._largest
        near, far = int(self._near[self._sums[self._near].argmax()]), int(self._sums.argmax())
        sure, at = max(
            (
                min((self._sums[place] / unit - z) / WIDTH, (self._sums[place] / best - share) / SHARE_WIDTH),
                place,
            )
            for place, z, share in ((near, SURE_NEAR, SHARE_NEAR), (far, SURE_FAR, SHARE_FAR))
        )
        belief = float(np.clip(0.5 + 0.5 * sure, 0.0, 1.0))
        if not belief:
            return 0.0, None
        fits = square = 0.0
        for number, weights in recent:
            place = at + number * STEP // 2
            if place < len(self._sums):
                fits += float(self._products(weights, slice(place, place + 1))[0]) / _SCALE
            square += float(weights @ weights)
        belief *= float(np.clip(fits / np.sqrt(square + 1e-3) - STILL, 0.0, 1.0))
        return round(belief, 3), self._owners[
            max(0, int(np.searchsorted(self._starts, at + NEAR, "right")) - 1)
        ]


class Repeats:
    """Memory of the speech of one call, and of what earlier calls to the same company have left."""

    def __init__(self, known: Prints | None = None) -> None:
        """``known``: what was learned in earlier calls (``learned``)."""
        self._known = known or Prints()
        self._said: list[_Utterance] = []
        self._memory: _Memory | None = None
        self.begin()

    def begin(self, at_s: float = 0.0) -> None:
        """An utterance begins at ``at_s``: what is heard from here on is compared with what came before."""
        self._tail = np.zeros((0, BANDS), np.float32)
        self._changes: list[Floats] = []
        self._weights: list[Floats] = []
        self._compared = 0
        self._frames = 0
        self._peak_db = LOUD_DB
        self._start_s = at_s
        self._recorded: bool | None = None
        self._twin: Print | _Utterance | None = None
        self._surest = 0.0
        self._memory = None

    def add(self, block: Block) -> None:
        """The next 0.1 s of the utterance."""
        tail = self._tail if len(self._tail) else np.repeat(block.bands_db[:1], LAG_FRAMES, axis=0)
        bands = np.concatenate([tail, block.bands_db])
        self._tail = bands[-LAG_FRAMES:]
        slope = bands[:, :-1] - bands[:, 1:]
        change = slope[LAG_FRAMES:] - slope[:-LAG_FRAMES]
        first = -self._frames % STEP
        level = block.level_db
        self._peak_db = max(self._peak_db, float(level.max()))
        share = np.clip((level[first::STEP, None] - self._peak_db + QUIETER_DB) / FULL_DB, 0.0, 1.0)
        share *= level[first::STEP, None] > LOUD_DB
        self._weights += list((share * np.tanh(change[first::STEP] / SOFT_DB)).astype(np.float32))
        self._changes.append(change[::2])
        self._frames += len(change)

    def heard_before(self) -> float:
        """0..1: how sure the utterance repeats an earlier one; said from 0.4 s on, and surer with time.

        1 once the user called it a recording (``remember``), 0 after ``forget``.
        """
        if self._recorded is not None:
            return float(self._recorded)
        if self._memory is None:
            self._memory, self._compared = _Memory(self._remembered()), 0
        for number in range(self._compared, len(self._weights)):
            self._memory.compare(number, self._weights[number])
        self._compared = len(self._weights)
        recent = [
            (n, w) for n, w in enumerate(self._weights[-2 * LATELY :], max(0, self._compared - 2 * LATELY))
        ]
        sure, twin = self._memory.best([(n, w) for n, w in recent if w.any()][-LATELY:])
        if sure > self._surest:
            self._surest, self._twin = sure, twin
        return sure

    def end(self) -> None:
        """The utterance is over and belongs to the past."""
        if self._changes:
            self._said.append(self._current())
        self.begin()

    def remember(self, span: Span) -> None:
        """The user says that what was heard in ``span`` is a recording: also of the utterance still going on."""
        self._judge(span, True)

    def forget(self, span: Span) -> None:
        """The user says that a person spoke in ``span``: nothing like it counts as heard before, or is learned."""
        self._judge(span, False)

    def undo(self, span: Span) -> None:
        """The user takes back what was said of ``span``."""
        self._judge(span, None)

    def learned(self, keep: Sequence[Span] | None = None, drop: Sequence[Span] = ()) -> Prints:
        """The memory after this call: what was known, and the utterances of this call that are new to it.

        Of this call's utterances those that overlap a span of ``keep`` (all when None) and none of ``drop`` are
        taken. What the user has said (``remember``, ``forget``) goes before both.
        """
        taken: list[_Utterance] = []
        met: list[Print] = []
        for one in self._said:
            wanted = (keep is None or _overlaps(one.span, keep)) and not _overlaps(one.span, drop)
            if not (wanted if one.recorded is None else one.recorded) or one.span.length_s < SHORTEST_S:
                continue
            if isinstance(one.twin, Print):
                met.append(one.twin)
            elif not any(one.twin is other for other in taken):
                taken.append(one)
        struck = self._struck()
        kept = Prints(
            tuple(one for one in self._known.utterances if not any(one is other for other in struck))
        )
        return kept.merge(Prints((*met, *(Print(one.codes.tobytes()) for one in taken))))

    def _judge(self, span: Span, recorded: bool | None) -> None:
        for one in self._said:
            if _overlaps(one.span, [span]):
                one.recorded = recorded
        if self._changes and _overlaps(self._current().span, [span]):
            self._recorded = recorded
        self._memory = None

    def _current(self) -> _Utterance:
        span = Span(self._start_s, self._start_s + self._frames * FRAME_S / 2)
        twin = self._twin if self._surest >= FAMILIAR else None
        return _Utterance(span, codes_of(np.concatenate(self._changes)), self._recorded, twin)

    def _struck(self) -> list[Print | _Utterance]:
        """What counts no more, because the user called it, or what repeats it, a person."""
        said = [*self._said, *([self._current()] if self._changes else [])]
        twins = [one.twin for one in said if one.recorded is False and one.twin is not None]
        return [*(one for one in said if one.recorded is False), *twins]

    def _remembered(self) -> list[tuple[Print | _Utterance, Codes]]:
        struck = self._struck()
        found: list[tuple[Print | _Utterance, Codes]] = [(one, one.codes) for one in self._known.utterances]
        found += [(one, one.codes) for one in self._said]
        return [part for part in found if not any(part[0] is other for other in struck)]


def _overlaps(span: Span, others: Sequence[Span]) -> bool:
    return any(span.start_s < other.end_s and other.start_s < span.end_s for other in others)
