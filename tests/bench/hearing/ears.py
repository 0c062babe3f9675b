"""What the ears hear of a composed call: the program's own ``Ear``, fed as ``holdslayer listen`` feeds it.

    int16 8 kHz -- engine.audio.source (0.1 s blocks, resampled) --> Ear(transcriber) --> (consumed_s, perception)...

Kept on disk by what it depends on: the sound, the sources of the ears, their models. The recogniser's part is kept
apart from the rest, so that a change of the ears that leaves its utterances alone costs no new recognition; its CPU
seconds are kept with it and counted as if it had run.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import engine
import resources
from engine.audio import source
from engine.hearing import scribe
from engine.hearing.band import TelephoneBand
from engine.hearing.ear import Ear
from engine.hearing.perceptions import Heard, Perception, Span, Unheard
from engine.hearing.transcriber import Transcriber, Utterance
from engine.hearing.vad import VoiceActivity
from tests.bench.hearing.channel import Samples
from tests.bench.hearing.clips import RATE_HZ

FORMAT = 3
"""Of what is kept; raised when ``Hearing`` changes."""
_NOT_HEARD_WITH = frozenset({"whisper", "listener", "engines"})
"""Modules of the ears that have no part in this."""
KNOWN = "heard before"
"""Why an ear with or without a recogniser has no words for a repetition."""
BLOCK_S = source.BLOCK_S
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that was heard of one call. Arrays have one value per block of 0.1 s.

    ``cpu_s`` is the whole ear's, ``words_cpu_s`` the recogniser's share of it. ``voice`` (largest probability of the
    voice detector), ``level_db``, ``crossings`` (per sample) and ``flatness`` serve the simple rivals.
    """

    perceptions: tuple[tuple[float, Perception], ...]
    cpu_s: Floats
    words_cpu_s: Floats
    voice: Floats
    level_db: Floats
    crossings: Floats
    flatness: Floats

    def without_words(self) -> Hearing:
        """The same with the recogniser off: every utterance ends without words, nothing else differs."""
        told: list[tuple[float, Perception]] = []
        for consumed_s, what in self.perceptions:
            if isinstance(what, Heard | Unheard):
                if isinstance(what, Heard) and not what.final:
                    continue
                known = isinstance(what, Unheard) and what.reason == KNOWN
                what = Unheard(what.at_s, what.span, KNOWN if known else scribe.NO_RECOGNISER)
            told.append((consumed_s, what))
        return Hearing(
            tuple(told),
            self.cpu_s - self.words_cpu_s,
            np.zeros_like(self.words_cpu_s),
            self.voice,
            self.level_db,
            self.crossings,
            self.flatness,
        )


class Meter:
    """CPU seconds that the recogniser used, so far: what it really used, and what it used when it was kept."""

    def __init__(self) -> None:
        self.spent_s = 0.0
        self.saved_s = 0.0


class KeptWords:
    """A ``Transcriber`` that remembers results by the sound of the utterance, and measures its CPU seconds.

    The recogniser is only woken when something it has not answered before is asked; it then hears the utterance from
    its beginning in the same pieces as it would have.
    """

    def __init__(self, inner: Transcriber, version: str, kept: dict[str, tuple[object, float]]) -> None:
        self._inner = inner
        self.version = version
        self.kept = kept
        self.meter = Meter()
        self.changed = False

    @property
    def name(self) -> str:
        """See ``Transcriber``."""
        return self._inner.name

    def begin(self, start_s: float) -> Utterance:
        """See ``Transcriber``."""
        return _KeptUtterance(self, self._inner, start_s)


class _KeptUtterance:
    def __init__(self, words: KeptWords, inner: Transcriber, start_s: float) -> None:
        self._words = words
        self._transcriber = inner
        self._inner: Utterance | None = None
        self._start_s = start_s
        self._waiting: list[Samples] = []
        self._digest = hashlib.sha256(words.version.encode())

    def accept(self, samples: Samples) -> None:
        self._digest.update(len(samples).to_bytes(4, "little"))
        self._digest.update(samples.tobytes())
        self._waiting.append(samples)

    def _run(self) -> Utterance:
        if self._inner is None:
            self._inner = self._transcriber.begin(self._start_s)
        for samples in self._waiting:
            self._inner.accept(samples)
        self._waiting = []
        return self._inner

    def partial(self, at_s: float) -> Heard | None:
        self._digest.update(b"?")
        found = self._asked("partial", at_s, at_s)
        assert found is None or isinstance(found, Heard)
        return found

    def end(self, at_s: float, end_s: float) -> Heard | Unheard:
        found = self._asked("end", at_s, end_s)
        assert found is not None
        return found

    def _asked(self, what: str, at_s: float, end_s: float) -> Heard | Unheard | None:
        words = self._words
        key = f"{what} {self._digest.hexdigest()[:32]}"
        span = Span(self._start_s, end_s)
        if key in words.kept:
            kept, cpu_s = words.kept[key]
            words.meter.saved_s += cpu_s
            match kept:
                case ("heard", str(text), float(sure), bool(final)):
                    return Heard(at_s, text, span, sure, final)
                case ("unheard", str(reason)):
                    return Unheard(at_s, span, reason)
                case _:
                    return None
        began = time.process_time()
        utterance = self._run()
        found = utterance.partial(at_s) if what == "partial" else utterance.end(at_s, end_s)
        cpu_s = time.process_time() - began
        words.meter.spent_s += cpu_s
        words.changed = True
        value: object = None
        if isinstance(found, Heard):
            value = ("heard", found.text, float(found.confidence), found.final)
        elif isinstance(found, Unheard):
            value = ("unheard", found.reason)
        words.kept[key] = (value, cpu_s)
        return found


def listen(sound: Samples, words: KeptWords | None) -> Hearing:
    """Hear a call (int16, 8 kHz) as ``holdslayer listen`` would hear it from a pipe or from a file of that rate."""
    ear = Ear(words)
    activity, band = VoiceActivity(), TelephoneBand()
    told: list[tuple[float, Perception]] = []
    cpu: list[float] = []
    words_cpu: list[float] = []
    voice: list[float] = []
    consumed_s = 0.0
    meter = words.meter if words is not None else Meter()
    for block in source.from_raw(io.BytesIO(sound.tobytes()), RATE_HZ):
        consumed_s = block.consumed_s
        spent_s, saved_s, began = meter.spent_s, meter.saved_s, time.process_time()
        found = ear.feed(block.samples)
        took_s = time.process_time() - began
        told += [(consumed_s, what) for what in found]
        saved = meter.saved_s - saved_s
        cpu.append(took_s + saved)
        words_cpu.append(meter.spent_s - spent_s + saved)
        odds = activity.feed(band.feed(block.samples))
        voice.append(float(odds.max()) if len(odds) else 0.0)
    told += [(consumed_s, what) for what in ear.finish()]
    for _, what in told:
        if isinstance(what, Unheard) and "recogniser failed" in what.reason:
            raise RuntimeError(what.reason)  # the call would go on, but no figure is worth anything
    level, crossings, flatness = _plain_features(sound, len(cpu))
    return Hearing(
        tuple(told),
        np.array(cpu, np.float32),
        np.array(words_cpu, np.float32),
        np.array(voice, np.float32),
        level,
        crossings,
        flatness,
    )


def _plain_features(sound: Samples, blocks: int) -> tuple[Floats, Floats, Floats]:
    size = int(RATE_HZ * BLOCK_S)
    padded = np.zeros(blocks * size, np.float32)
    kept = min(len(sound), len(padded))
    padded[:kept] = sound[:kept] / np.float32(32768)
    frames = padded.reshape(blocks, size)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-9)
    crossings = np.mean(np.abs(np.diff(np.signbit(frames), axis=1)), axis=1)
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)[:, 20:360]) ** 2 + 1e-12
    flatness = np.exp(np.mean(np.log(power), axis=1)) / np.mean(power, axis=1)
    return level.astype(np.float32), crossings.astype(np.float32), flatness.astype(np.float32)


# --- keeping -----------------------------------------------------------------------------------------------------


def _digest(paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            found.update(path.name.encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


@lru_cache(maxsize=1)
def versions() -> tuple[str, str]:
    """Of the ears as a whole, and of the embedded recogniser alone."""
    sources = Path(engine.__file__).parent
    folder = Path(resources.__file__).parent
    language = [folder / "language" / name for name in ("phone.lm.bin", "phone.dict")]
    recogniser = _digest([*language, sources / "hearing" / "sphinx.py"])
    modules = [p for p in (sources / "hearing").glob("*.py") if p.stem not in _NOT_HEARD_WITH]
    models = [folder / "models" / name for name in ("music_bed.json", "voices.json", "liveness.npz")]
    ears = _digest([*modules, sources / "audio" / "source.py", *models])
    return f"{FORMAT}-{ears}-{recogniser}", recogniser


def heard(sound: Samples, transcriber: Transcriber | None, cache: Path | None) -> Hearing:
    """``listen``, or what is kept of it. ``transcriber``: None is another hearing, kept apart."""
    version, recogniser = versions()
    name = hashlib.sha256(sound.tobytes()).hexdigest()[:24]
    whole = cache / f"{name}-{version}-{transcriber is not None}.hearing" if cache else None
    if whole is not None and whole.is_file():
        try:
            found = pickle.loads(whole.read_bytes())
            if isinstance(found, Hearing):
                return found
        except (pickle.UnpicklingError, EOFError, AttributeError, TypeError):
            pass  # damaged or of another version: heard again
    words = None
    store = cache / f"{name}-{recogniser}.words" if cache and transcriber is not None else None
    if transcriber is not None:
        kept = pickle.loads(store.read_bytes()) if store is not None and store.is_file() else {}
        words = KeptWords(transcriber, recogniser, kept)
    found = listen(sound, words)
    if whole is not None:
        _write(whole, found)
    if store is not None and words is not None and words.changed:
        _write(store, words.kept)
    return found


def _write(path: Path, what: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_bytes(pickle.dumps(what, protocol=5))
    fresh.replace(path)
