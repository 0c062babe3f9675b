"""Call progress and data tones, from the spectral lines of 128 ms frames every 50 ms (FFT in place of Goertzel:
the spectrum is computed anyway, and a bank of Goertzel filters could not see a tone that is not in its list).

A frame is a *tone frame* when one or two lines hold nearly all its power. Tone frames that agree in frequency and
level form a *burst*; bursts and the gaps between them form cadences:

    ringback   US 440+480 Hz 2 s on 4 s off, UK 400+450 0.4-0.2-0.4-2, Europe 425 1 s on 4 s off      ITU-T E.180
               (France 440 1.5/3.5, Australia 400+450 or 425 times 25 Hz in the British cadence)
    busy       US 480+620 0.5/0.5, UK 400 0.375/0.375, Europe 425 0.5/0.5, Australia 425 0.375/0.375
    reorder    US 480+620 0.25/0.25, Europe 425 0.25/0.25 (also 0.2/0.2)
    SIT        three bursts of 0.33 s (+-25 %): 950, 1400, 1800 Hz (US codes 914/985, 1371/1429, 1777)
    DTMF       one of 697 770 852 941 with one of 1209 1336 1477 1633, 40 ms or longer                ITU-T Q.23
    fax        1100 Hz for 0.5 s (calling), 2100 Hz for 1.5 s or longer (answering)                   ITU-T T.30
    beep       one line, 380-2500 Hz, 0.1-1.6 s, quiet before or speech that stops, quiet after
    steady     any spectrum, also of many harmonics, that does not change for 1.5 s

A lost packet turns the phase over and spreads the lines: a burst goes on across up to 0.2 s of that, so that 3 % loss
does not chop a ring into "beeps" and "reorder".
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from engine.audio.format import RATE_HZ
from engine.hearing.features import LINE_HZ, LONG_HOP_SAMPLES, LONG_SAMPLES, Block, Floats
from engine.hearing.perceptions import Span, Tone, ToneHeard

FRAME_S = LONG_HOP_SAMPLES / RATE_HZ
_WINDOW_S = LONG_SAMPLES / RATE_HZ
_LOW, _HIGH = int(200 / LINE_HZ), int(3600 / LINE_HZ)
_REACH = 3
"""A line spreads over so many bins to each side (Hann window, and bursts shorter than the frame)."""
QUIET_DB = -52.0
_DISTURBED_FRAMES = 4
"""A lost packet spreads the lines of the two or three frames that see it; a tone that is there again after so many
went on."""
_LOW_GROUP = (697.0, 770.0, 852.0, 941.0)
_HIGH_GROUP = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS = ("123A", "456B", "789C", "*0#D")
_SIT_HZ = ((880.0, 1020.0), (1330.0, 1470.0), (1730.0, 1840.0))
_RINGBACK_PAIRS = (
    (440.0, 480.0),
    (400.0, 450.0),
    (420.0, 480.0),
    (425.0, 425.0),
    (450.0, 450.0),
    (400.0, 400.0),
)
_PROGRESS_HZ = (330.0, 660.0)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What one long frame is: lines in Hz (rising), empty when it is no tone."""

    at_s: float  # middle of the frame
    level_db: float
    lines: tuple[float, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Burst:
    """Tone frames that agree."""

    lines: tuple[float, ...]
    start_s: float
    end_s: float
    frames: int
    level_db: float
    clean: bool  # quiet or a stopped voice before it

    @property
    def on_s(self) -> float:
        """Length in seconds, the smearing of the long window taken off."""
        return self.end_s - self.start_s


def _line_at(power: Floats, peak: int) -> float:
    """Frequency of a peak by a parabola through the decibels of three bins."""
    left, middle, right = (float(np.log(power[peak + d] + 1e-20)) for d in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = 0.0 if bend == 0 else 0.5 * (left - right) / bend
    return (peak + min(0.5, max(-0.5, shift))) * LINE_HZ


def _frame(power: Floats, at_s: float) -> _Frame:
    part = power[_LOW:_HIGH]
    total = float(part.sum())
    level = 10.0 * np.log10(total + 1e-12)
    if level < QUIET_DB:
        return _Frame(at_s, level, (), 0.0)
    first = _LOW + int(part.argmax())
    near = slice(max(_LOW, first - _REACH), first + _REACH + 1)
    first_power = float(power[near].sum())
    if first_power < 0.4 * total:
        return _Frame(at_s, level, (), 0.0)
    rest = power[_LOW:_HIGH].copy()
    rest[max(0, near.start - _LOW) : near.stop - _LOW] = 0.0
    second = _LOW + int(rest.argmax())
    second_power = float(power[max(_LOW, second - _REACH) : second + _REACH + 1].sum())
    if abs(second - first) <= 2 * _REACH:  # their skirts overlap: do not count the shared bins twice
        low, high = min(first, second), max(first, second)
        both = float(power[max(_LOW, low - _REACH) : high + _REACH + 1].sum())
        second_power = both - first_power
    if first_power >= 0.93 * total and second_power < 0.06 * total:
        return _Frame(at_s, level, (_line_at(power, first),), first_power / total)
    share = (first_power + second_power) / total
    if share >= 0.9 and second_power >= 0.04 * total:
        lines = sorted((_line_at(power, first), _line_at(power, second)))
        return _Frame(at_s, level, tuple(lines), share)
    return _Frame(at_s, level, (), share)


def _agree(one: tuple[float, ...], other: tuple[float, ...], within_hz: float = 10.0) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= within_hz for a, b in zip(one, other, strict=True))


class ToneEar:
    """Recognises tones block by block."""

    def __init__(self) -> None:
        self._burst: Burst | None = None
        self._disturbed = 0  # frames since the burst was last seen clearly
        self._bursts: deque[Burst] = deque(maxlen=8)
        self._levels: deque[float] = deque([-90.0] * 12, maxlen=12)
        self._waiting: Burst | None = None  # an ended burst that may be a beep
        self._told_steady = False
        self._rang = False  # this burst has been told already
        self._counted = 0
        self._told: dict[Tone, float] = {}
        self._spectrum: deque[Floats] = deque(maxlen=6)
        self._still_s = 0.0
        self._cadence_until_s = -1.0
        self._fresh: list[ToneHeard] = []

    @property
    def sounding(self) -> bool:
        """A tone is there now (for at least 0.15 s) or a steady sound of many harmonics is."""
        return (self._burst is not None and self._burst.frames >= 4) or self.steady

    @property
    def sounding_long(self) -> bool:
        """A tone or a steady sound has been there for a second and more."""
        return (self._burst is not None and self._burst.on_s >= 1.0) or self._still_s >= 1.5

    @property
    def steady(self) -> bool:
        """The spectrum has not changed for half a second: no voice does that."""
        return self._still_s >= 0.5

    def within_cadence(self, at_s: float) -> bool:
        """A cadenced tone is in its gap: the silence belongs to it."""
        return at_s < self._cadence_until_s

    def step(self, block: Block, voiced: bool) -> list[ToneHeard]:
        """Tones recognised in this block. ``voiced``: a voice was there within the last half second."""
        self._fresh = []
        for row, power in enumerate(block.lines):
            end_s = block.end_s - (len(block.lines) - 1 - row) * FRAME_S
            frame = _frame(power, end_s - _WINDOW_S / 2)
            self._steady(power, frame, end_s)
            self._take(frame, end_s, voiced)
        return self._fresh

    def _say(self, at_s: float, tone: Tone, span: Span, digit: str = "", again_s: float = 0.0) -> None:
        last = self._told.get(tone)
        if again_s and last is not None and at_s - last < again_s:
            self._told[tone] = at_s
            return
        self._told[tone] = at_s
        self._fresh.append(ToneHeard(at_s, tone, span, digit))

    # --- a spectrum that stands still --------------------------------------------------------------------------

    def _steady(self, power: Floats, frame: _Frame, at_s: float) -> None:
        shape = np.sqrt(power[_LOW:_HIGH])
        shape = shape * np.float32(1.0 / (float(shape @ shape) ** 0.5 + 1e-9))
        recent = list(self._levels)[-6:]
        # the cheap questions first: nearly all sound fails them
        still = (
            frame.level_db > QUIET_DB
            and max(recent) - min(recent) < 2.0
            and len(self._spectrum) == self._spectrum.maxlen
            and min(float(shape @ earlier) for earlier in self._spectrum) > 0.985
            and float(np.partition(power[_LOW:_HIGH], -60)[-60:].sum())
            > 0.97 * (float(power[_LOW:_HIGH].sum()) + 1e-12)
        )
        self._spectrum.append(shape)
        self._still_s = (self._still_s + FRAME_S if self._still_s else 0.3) if still else 0.0
        if not still:
            self._told_steady = False
        elif self._still_s >= 1.5 and not self._told_steady and len(frame.lines) == 0:
            self._told_steady = True
            self._say(at_s, Tone.STEADY, Span(at_s - self._still_s, at_s))

    # --- bursts --------------------------------------------------------------------------------------------------

    def _take(self, frame: _Frame, at_s: float, voiced: bool) -> None:
        burst = self._burst
        if burst is not None and _agree(burst.lines, frame.lines) and _goes_on(burst, frame):
            fading = frame.level_db < burst.level_db - 6
            burst = replace(
                burst,
                end_s=burst.end_s if fading else frame.at_s + FRAME_S / 2,
                frames=burst.frames + (not fading),
                level_db=max(burst.level_db, frame.level_db),
                lines=frame.lines if frame.level_db >= burst.level_db else burst.lines,
            )
            self._burst = burst
            self._disturbed = 0
            self._going_on(burst, at_s)
        elif burst is not None and self._disturbed < _DISTURBED_FRAMES and _disturbs(burst, frame):
            self._disturbed += 1
        else:
            self._disturbed = 0
            if burst is not None:
                self._ended(burst, frame, at_s)
            self._burst = None
            if frame.lines:
                before = list(self._levels)[-6:-2]
                clean = min(before) < frame.level_db - 15 or voiced
                self._burst = Burst(
                    frame.lines, frame.at_s - FRAME_S / 2, frame.at_s + FRAME_S / 2, 1, frame.level_db, clean
                )
                self._rang = False
                self._counted = 1
        if self._waiting is not None:
            self._beep_or_not(self._waiting, frame, at_s)
        self._levels.append(frame.level_db)

    def _going_on(self, burst: Burst, at_s: float) -> None:
        """What can be said before a burst ends."""
        span = Span(burst.start_s, burst.end_s)
        if burst.frames == 2 and burst.frames != self._counted and (digit := _digit(burst.lines)):
            self._say(at_s, Tone.DTMF, span, digit)
        elif len(burst.lines) == 1 and abs(burst.lines[0] - 2100) < 22 and burst.on_s >= 1.5:
            self._rang = True
            self._say(at_s, Tone.FAX, span, again_s=10.0)
        elif burst.on_s >= 0.85 and _rings(burst.lines) and len(burst.lines) == 2:
            if not self._rang:
                self._rang = True
                self._say(at_s, Tone.RINGBACK, span)
            self._cadence_until_s = at_s + 4.6
        if burst.on_s >= 3.0 and not self._rang:
            self._rang = True
            self._say(at_s, Tone.STEADY, span)
        self._counted = burst.frames

    def _ended(self, burst: Burst, frame: _Frame, at_s: float) -> None:
        if burst.frames < 2 or (burst.frames < 3 and len(burst.lines) == 1):
            return
        self._bursts.append(burst)
        self._waiting = None
        span = Span(burst.start_s, burst.end_s)
        if self._sit(at_s) or self._cadenced(burst, at_s):
            return
        if len(burst.lines) == 1:
            line = burst.lines[0]
            fell = frame.level_db < burst.level_db - 6
            if abs(line - 1100) < 22 and 0.38 <= burst.on_s <= 0.65 and burst.clean and fell:
                self._say(at_s, Tone.FAX, span, again_s=10.0)
            elif 0.85 <= burst.on_s < 3.0 and _rings(burst.lines) and fell:
                self._cadence_until_s = at_s + 4.6
                self._say(at_s, Tone.RINGBACK, span)
            elif burst.clean and 0.1 <= burst.on_s <= 1.6 and 380 <= line <= 2500:
                self._waiting = burst

    def _beep_or_not(self, burst: Burst, frame: _Frame, at_s: float) -> None:
        """A beep is followed by quiet; below 660 Hz it may be the first burst of a cadence: wait longer."""
        gone_s = frame.at_s - burst.end_s
        if gone_s > 0.12 and frame.level_db > burst.level_db - 15:
            self._waiting = None
        elif gone_s >= (1.1 if burst.lines[0] < _PROGRESS_HZ[1] else 0.3):
            self._waiting = None
            self._say(at_s, Tone.BEEP, Span(burst.start_s, burst.end_s))

    def _sit(self, at_s: float) -> bool:
        if len(self._bursts) < 3:
            return False
        # between two of them a long frame sees both lines at once: such short pairs do not count
        three = [burst for burst in self._bursts if len(burst.lines) == 1][-3:]
        if len(three) < 3:
            return False
        fits = all(
            len(burst.lines) == 1 and low <= burst.lines[0] <= high and 0.18 <= burst.on_s <= 0.52
            for burst, (low, high) in zip(three, _SIT_HZ, strict=True)
        )
        close = all(later.start_s - earlier.end_s < 0.3 for earlier, later in pairwise(three))
        if fits and close:
            self._say(at_s, Tone.SIT, Span(three[0].start_s, three[2].end_s))
            self._bursts.clear()
        return fits and close

    def _cadenced(self, burst: Burst, at_s: float) -> bool:
        """Busy, reorder and the double ring, known from the bursts before."""
        same = [b for b in self._bursts if _agree(b.lines, burst.lines, 15.0)]
        if not _PROGRESS_HZ[0] <= burst.lines[0] <= burst.lines[-1] <= _PROGRESS_HZ[1] or len(same) < 2:
            return False
        gaps = [later.start_s - earlier.end_s for earlier, later in pairwise(same)]
        ons = [b.on_s for b in same]
        if len(same) >= 3 and all(0.1 <= v <= 0.33 for v in ons[-3:] + gaps[-2:]):
            self._cadence_until_s = at_s + 0.8
            self._say(at_s, Tone.REORDER, Span(same[-3].start_s, burst.end_s), again_s=4.0)
            return True
        if len(same) >= 3 and all(0.33 < v <= 0.75 for v in ons[-3:] + gaps[-2:]):
            self._cadence_until_s = at_s + 1.2
            self._say(at_s, Tone.BUSY, Span(same[-3].start_s, burst.end_s), again_s=4.0)
            return True
        if 0.3 <= ons[-1] <= 0.5 and 0.3 <= ons[-2] <= 0.5 and 0.1 <= gaps[-1] <= 0.3:
            self._cadence_until_s = at_s + 2.6
            self._say(at_s, Tone.RINGBACK, Span(same[-2].start_s, burst.end_s))
            return True
        return False


def _goes_on(burst: Burst, frame: _Frame) -> bool:
    """The level fits: it may rise at the beginning and fall at the end, where the long frame is half filled."""
    change = frame.level_db - burst.level_db
    return -12 < change < (30 if burst.frames <= 2 else 6)


def _disturbs(burst: Burst, frame: _Frame) -> bool:
    """As loud as the burst, and nothing else: its lines spread, or no lines. (The three of SIT follow at once.)"""
    least = 2 if burst.lines[-1] <= _PROGRESS_HZ[1] else 3
    spread = all(min(abs(line - own) for own in burst.lines) < 50.0 for line in frame.lines)
    return burst.frames >= least and spread and abs(frame.level_db - burst.level_db) < 5.0


def _digit(lines: tuple[float, ...]) -> str:
    if len(lines) != 2:
        return ""
    for row, low in enumerate(_LOW_GROUP):
        for column, high in enumerate(_HIGH_GROUP):
            if abs(lines[0] - low) < 0.02 * low and abs(lines[1] - high) < 0.02 * high:
                return _KEYS[row][column]
    return ""


def _rings(lines: tuple[float, ...]) -> bool:
    pair = (lines[0], lines[-1])
    return any(_agree(pair, known, 12.0) for known in _RINGBACK_PAIRS)
