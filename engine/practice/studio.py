"""The recording studio of a practice company: makes sound of the parts of its scenario.

    clips (FLAC) ----+
    sentences (TTS) -+--> Take: int16, 16 kHz --> Mix: takes laid on a time line, --> read(start, count)
    tones, pauses ---+    (kept in memory)        bed of music, gain, noise           + marks

A ``Mix`` is computed only where it is read, so that an hour on hold costs no more memory than a minute. A ``Mark`` is
a place in it that matters (where a prompt begins, where a person's first word does); whoever plays the mix tells
when the mark was sent.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

import resources
from engine.audio.format import RATE_HZ
from engine.practice import clips, tones
from engine.practice.clips import ClipError
from engine.practice.scenario import Scenario
from engine.practice.steps import Announcement, Hold, Part, Person
from engine.speaking.espeak import EspeakVoice

Samples = NDArray[np.int16]

DUCKED_DB = -14.0
"""How much softer the music is beneath a ducked announcement."""

FADE_S = 0.25
"""Length of the music's fades around an announcement."""

PART_GAP_S = 0.15
"""Silence between two parts of a prompt, when neither is a pause."""


@dataclass(frozen=True, slots=True)
class PromptStart:
    """A prompt begins."""

    text: str
    length_s: float


@dataclass(frozen=True, slots=True)
class AnnouncementStart:
    """An announcement begins: number ``index`` of the hold, for the ``times``-th time."""

    index: int
    times: int
    text: str
    length_s: float


@dataclass(frozen=True, slots=True)
class AnnouncementEnd:
    """An announcement is over."""

    index: int


@dataclass(frozen=True, slots=True)
class FirstWord:
    """A person's first word."""

    text: str


@dataclass(frozen=True, slots=True)
class BeepStart:
    """A beep begins."""


What = PromptStart | AnnouncementStart | AnnouncementEnd | FirstWord | BeepStart


@dataclass(frozen=True, slots=True)
class Mark:
    """Something begins at sample ``at`` of a mix."""

    at: int
    what: What


@dataclass(frozen=True, slots=True)
class _Laid:
    """A take on the time line."""

    start: int
    take: Samples


@dataclass(frozen=True, slots=True)
class Mix:
    """Sound of ``length`` samples, computed where it is read; equal reads give equal samples.

    ``bed`` (music) is looped from ``bed_from`` on, with a gain that follows the points (``gain_at``, ``gains``)
    linearly. ``noise`` is looped too.
    """

    length: int
    marks: tuple[Mark, ...] = ()
    laid: tuple[_Laid, ...] = ()
    bed: Samples | None = None
    bed_from: int = 0
    gain_at: tuple[int, ...] = (0,)
    gains: tuple[float, ...] = (1.0,)
    noise: Samples | None = None

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.length / RATE_HZ

    def read(self, start: int, count: int) -> Samples:
        """``count`` samples from ``start``, fewer at the end."""
        end = min(start + max(count, 0), self.length)
        if end <= start:
            return np.zeros(0, np.int16)
        where = np.arange(start, end)
        sound = np.zeros(end - start, np.float32)
        if self.bed is not None:
            gain = np.interp(where, self.gain_at, self.gains)
            sound += self.bed[(where + self.bed_from) % len(self.bed)] * gain.astype(np.float32)
        if self.noise is not None:
            sound += self.noise[where % len(self.noise)]
        for piece in self.laid:
            first, last = max(piece.start, start), min(piece.start + len(piece.take), end)
            if first < last:
                sound[first - start : last - start] += piece.take[first - piece.start : last - piece.start]
        return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


@dataclass(slots=True)
class Studio:
    """Makes the sound of one company. Takes are kept, so that only the first call waits for them.

    Everything may raise ``ClipError`` (a clip is missing or damaged) or ``VoiceError`` (espeak-ng is).
    May be used from several threads.
    """

    scenario: Scenario
    _takes: dict[tuple[str, ...], Samples] = field(default_factory=dict)
    _voices: dict[str, EspeakVoice] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def warm(self) -> None:
        """Render all parts now (some seconds at most), so that no call has to wait."""
        for _, part in self.scenario.parts():
            self._take(part)
        for step in self.scenario.steps:
            if isinstance(step, Hold) and step.music:
                self.clip(step.music)
            elif isinstance(step, Person):
                for name in (step.greeting, *step.again, *step.reply):
                    self.clip(name)

    def clip(self, name: str) -> Samples:
        """A recorded clip, at 16 kHz."""
        with self._lock:
            key = ("clip", name)
            if key not in self._takes:
                self._takes[key] = _load_clip(name)
            return self._takes[key]

    def _sentence(self, text: str, voice: str) -> Samples:
        with self._lock:
            key = ("text", voice, text)
            if key not in self._takes:
                if voice not in self._voices:
                    speaker = self.scenario.voices[voice]
                    self._voices[voice] = EspeakVoice(speaker.espeak, wpm=speaker.wpm, pitch=speaker.pitch)
                self._takes[key] = self._voices[voice].render(text)
            return self._takes[key]

    def _take(self, part: Part) -> Samples:
        if part.clip:
            return self.clip(part.clip)
        if part.text:
            return self._sentence(part.text, part.voice or "announcer")
        if part.tone is not None:
            return tones.make(part.tone, part.length_s)
        return np.zeros(int(part.pause_s * RATE_HZ), np.int16)

    def prompt(self, parts: Sequence[Part]) -> Mix:
        """Parts one after another."""
        laid, length = self._in_a_row(parts)
        marks = [Mark(0, PromptStart(words(parts), length / RATE_HZ))]
        marks += [
            Mark(piece.start, BeepStart())
            for piece, part in zip(laid, parts, strict=True)
            if part.tone == "beep"
        ]
        return Mix(length, tuple(marks), laid)

    def _in_a_row(self, parts: Sequence[Part], start: int = 0) -> tuple[tuple[_Laid, ...], int]:
        """The parts on the time line from ``start`` on, and how long they are together."""
        laid: list[_Laid] = []
        at = start
        for index, part in enumerate(parts):
            if index and not part.pause_s and not parts[index - 1].pause_s:
                at += int(PART_GAP_S * RATE_HZ)
            take = self._take(part)
            laid.append(_Laid(at, take))
            at += len(take)
        return tuple(laid), at - start

    def hold(self, hold: Hold, length_s: float) -> Mix:
        """Music (or silence) with the announcements."""
        length = int(length_s * RATE_HZ)
        laid: list[_Laid] = []
        marks: list[Mark] = []
        points: list[tuple[int, float]] = [(0, 1.0)]
        busy_until = 0  # announcements never speak over each other: a later one waits
        for at_s, index, times in _schedule(hold.announcements, length_s):
            announcement = hold.announcements[index]
            start = max(int(at_s * RATE_HZ), busy_until)
            pieces, spoken = self._in_a_row(announcement.prompt, start)
            end = start + spoken
            if end > length:
                continue
            busy_until = end + int(1.0 * RATE_HZ)
            laid += pieces
            text = words(announcement.prompt)
            marks.append(Mark(start, AnnouncementStart(index, times, text, spoken / RATE_HZ)))
            marks.append(Mark(end, AnnouncementEnd(index)))
            if announcement.music != "over":
                low = 0.0 if announcement.music == "stopped" else 10 ** (DUCKED_DB / 20)
                fade = int(FADE_S * RATE_HZ)
                points += [
                    (max(start - fade, points[-1][0]), 1.0),
                    (start, low),
                    (end, low),
                    (end + fade, 1.0),
                ]
        return Mix(
            length,
            tuple(sorted(marks, key=lambda mark: mark.at)),
            tuple(laid),
            bed=self.clip(hold.music) if hold.music else None,
            bed_from=int(hold.music_from_s * RATE_HZ),
            gain_at=tuple(at for at, _ in points),
            gains=tuple(gain for _, gain in points),
        )

    def person(self, clip: str, noise_dbfs: float) -> Mix:
        """A person says ``clip`` in a room with noise."""
        take = self.clip(clip)
        notes = clips.index()[clip]
        onset = int(notes.onset_s * RATE_HZ)
        return Mix(
            len(take), (Mark(onset, FirstWord(notes.text)),), (_Laid(0, take),), noise=self._room(noise_dbfs)
        )

    def room(self, length_s: float, noise_dbfs: float) -> Mix:
        """Nothing but the noise of a room."""
        return Mix(int(length_s * RATE_HZ), noise=self._room(noise_dbfs))

    def silence(self, length_s: float) -> Mix:
        """Nothing at all."""
        return Mix(int(length_s * RATE_HZ))

    def _room(self, noise_dbfs: float) -> Samples:
        with self._lock:
            key = ("room", f"{noise_dbfs:.1f}")
            if key not in self._takes:
                self._takes[key] = _room_noise(noise_dbfs)
            return self._takes[key]


def words(parts: Sequence[Part]) -> str:
    """What is said in these parts, as far as it is known."""
    said = [clips.index()[part.clip].text if part.clip else part.text for part in parts]
    return " ".join(text for text in said if text)


def _schedule(announcements: Sequence[Announcement], length_s: float) -> list[tuple[float, int, int]]:
    """When which announcement is due, and for which time: (at_s, index, times), in order."""
    due: list[tuple[float, int, int]] = []
    for index, announcement in enumerate(announcements):
        at_s, times = announcement.at_s, 1
        while at_s < length_s:
            due.append((at_s, index, times))
            if announcement.every_s is None:
                break
            at_s, times = at_s + announcement.every_s, times + 1
    return sorted(due)


def _load_clip(name: str) -> Samples:
    import soundfile
    import soxr

    if name not in clips.index():
        raise ClipError(f"There is no practice clip called '{name}'.")
    try:
        path = resources.locate(*clips.FOLDER, clips.index()[name].file)
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise ClipError(
            f"The practice clip '{name}' is missing or damaged ({error}). Install the program again."
        ) from error
    mono = soxr.resample(sound.mean(axis=1), rate, RATE_HZ)
    samples: Samples = np.clip(np.rint(mono * 32767), -32768, 32767).astype(np.int16)
    return samples


def _room_noise(level_dbfs: float) -> Samples:
    """Three seconds of noise as in a quiet room (falling by 6 dB an octave), RMS ``level_dbfs``; always the same."""
    white = np.random.default_rng(1).standard_normal(3 * RATE_HZ)
    spectrum = np.fft.rfft(white)
    hz = np.fft.rfftfreq(len(white), 1 / RATE_HZ)
    spectrum /= np.maximum(hz, 100.0)
    noise = np.fft.irfft(spectrum, len(white))
    noise *= 10 ** (level_dbfs / 20) * 32768 / np.sqrt(np.mean(noise**2))
    return np.rint(noise).astype(np.int16)
