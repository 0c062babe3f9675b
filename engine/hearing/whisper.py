"""Speech to text with faster-whisper, from a model folder the user has configured.

Whisper hears 30 s at a time and does not stream: for words so far the utterance is recognised again about once a
second of new sound; the final text is one more pass. Stretches without a voice are cut out first (the library's own
voice detector), and what is left is only believed when the model's own measures agree: see ``invented``.

Where no language is set, each call finds its own: the first believable text that the model has a clear language for
decides for the rest of the call (``for_call``). A model is run once when it is loaded, so that the first words of a
call do not wait for it. When it cannot keep up with the calls, ``scribe`` drops questions for partial words first and
then says of an utterance that the recogniser fell behind.

Model folders are those of the Systran faster-whisper models (CTranslate2 format): ``resources/models.toml`` names
the files, sizes, and checksums as far as they are known.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.audio.format import RATE_HZ
from engine.hearing.invented import believable
from engine.hearing.perceptions import Heard, Span, Unheard
from engine.hearing.transcriber import ModelMissing, Samples
from resources import locate

log = logging.getLogger("holdslayer.hearing")

NEEDED = ("model.bin", "config.json", "tokenizer.json")
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
SMALLEST_MODEL_BYTES = 1000
SHORTEST_S = 0.3
LONGEST_S = 29.0
PARTIAL_EVERY_S = 1.0
LANGUAGE_LEAST, LANGUAGE_AFTER_S = 0.6, 1.0
"""How sure, and of how much sound, the model must be of a language before the call keeps it."""
COMPUTE_TYPES = ("int8", "int8_float32", "float32")
"""The first that the processor can do: 8-bit weights are twice as fast as 32-bit ones at the same words."""
MOST_THREADS = 4
SILENCE_MS, PAD_MS = 500, 200
"""Pauses shorter than the first are kept; the second is kept around each voiced stretch."""


def threads_for(cores: int | None) -> int:
    """Threads for the model: half of the cores, for line and window need theirs; more than four gain little."""
    return max(1, min(MOST_THREADS, (cores or 2) // 2))


def check(folder: Path) -> None:
    """Raise ``ModelMissing`` with a sentence when the folder cannot be a whole model."""
    if not folder.is_dir():
        raise ModelMissing(
            f"The Whisper model folder {folder} does not exist. Choose another in the settings."
        )
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in VOCABULARIES):
        missing.append(VOCABULARIES[0])
    if missing:
        raise ModelMissing(
            f"The Whisper model in {folder} is incomplete: {', '.join(missing)} missing. Download it again."
        )
    size = (folder / "model.bin").stat().st_size
    known = _known(folder.name)
    expected = known.get("model.bin", {}).get("bytes")
    if size < SMALLEST_MODEL_BYTES or (expected is not None and size != expected):
        wanted = f", {expected:,} expected" if expected else ""
        raise ModelMissing(
            f"The Whisper model in {folder} is damaged: model.bin has {size:,} bytes{wanted}. Download it again."
        )


def verify(folder: Path) -> None:
    """``check``, and the checksums that are known. Reads every byte: for after a download, not for each start."""
    check(folder)
    for name, facts in _known(folder.name).items():
        expected = facts.get("sha256")
        if not expected:
            continue
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise ModelMissing(
                f"The file {name} in {folder} is damaged (checksum differs). Download it again."
            )


def _known(name: str) -> dict[str, dict[str, Any]]:
    """Files of a model as ``models.toml`` knows them, by the folder's name; empty for any other model."""
    register = tomllib.loads(locate("models.toml").read_text("utf-8"))
    for model in register.get("whisper", []):
        if model["name"] == name:
            return {file["name"]: file for file in model["files"]}
    return {}


PASS: dict[str, Any] = {
    "beam_size": 1,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "without_timestamps": True,
    "log_prob_threshold": None,
    "no_speech_threshold": None,
}
"""One greedy pass, nothing carried over from text to text; the guards are ours."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """One pass: believable text and confidence, or the reason for none; the language and how sure it is."""

    text: str
    confidence: float
    reason: str
    language: str
    language_sure: float


class WhisperTranscriber:
    """A loaded Whisper model. ``language`` empty: found out in each call (English-only models know only one).

    ``threads`` and ``compute_type`` are chosen for this machine when not given. Raises ``ModelMissing`` with a
    sentence when the folder is missing, incomplete or damaged.
    """

    def __init__(
        self, folder: Path, *, threads: int | None = None, compute_type: str = "", language: str = "en"
    ) -> None:
        check(folder)
        import ctranslate2
        from faster_whisper import WhisperModel

        self._folder = folder
        self._language = language or None
        if not compute_type:
            possible = ctranslate2.get_supported_compute_types("cpu")
            compute_type = next((kind for kind in COMPUTE_TYPES if kind in possible), "default")
        try:
            self._model = WhisperModel(
                str(folder),
                device="cpu",
                compute_type=compute_type,
                cpu_threads=threads or threads_for(os.cpu_count()),
                local_files_only=True,
            )
            self._warm_up()
        except Exception as problem:  # ctranslate2 and tokenizers raise all sorts for a file they cannot read
            raise ModelMissing(
                f"The Whisper model in {folder} cannot be loaded ({problem}). Download it again."
            ) from problem

    @property
    def name(self) -> str:
        """For the user."""
        return f"Whisper ({self._folder.name})"

    def for_call(self) -> WhisperCall:
        """The recogniser for one call, which keeps the language it finds."""
        return WhisperCall(self, self._language)

    def begin(self, start_s: float) -> WhisperUtterance:
        """See ``Transcriber``: an utterance of no call in particular."""
        return self.for_call().begin(start_s)

    def recognise(self, sound: Samples, language: str | None = None) -> Recognised:
        """What is said in ``sound``. ``language`` None: found out. Takes as long as it takes."""
        pieces, info = self._model.transcribe(
            sound.astype(np.float32) / 32768.0,
            language=language or self._language,
            vad_filter=True,
            vad_parameters={"min_silence_duration_ms": SILENCE_MS, "speech_pad_ms": PAD_MS},
            **PASS,
        )
        text, confidence, reason = believable(list(pieces), len(sound) / RATE_HZ)
        return Recognised(text, confidence, reason, info.language, info.language_probability)

    def _warm_up(self) -> None:
        """One pass over a second of silence: loads and lays out what the first pass of a call would wait for."""
        language = self._language or "en"
        pieces, _ = self._model.transcribe(np.zeros(RATE_HZ, np.float32), language=language, **PASS)
        list(pieces)


class WhisperCall:
    """See ``Transcriber``: the recogniser in one call. Its language, once clear, is kept for the rest of the call."""

    def __init__(self, transcriber: WhisperTranscriber, language: str | None) -> None:
        self._transcriber = transcriber
        self.language = language

    @property
    def name(self) -> str:
        """For the user."""
        return self._transcriber.name

    def begin(self, start_s: float) -> WhisperUtterance:
        """See ``Transcriber``."""
        return WhisperUtterance(self, start_s)

    def recognise(self, sound: Samples) -> tuple[str, float, str]:
        """Text, confidence, reason for none (see ``believable``)."""
        found = self._transcriber.recognise(sound, self.language)
        clear = found.language_sure >= LANGUAGE_LEAST and len(sound) >= LANGUAGE_AFTER_S * RATE_HZ
        if self.language is None and found.text and clear:
            self.language = found.language
            log.info("the call is in language %s (%.2f)", found.language, found.language_sure)
        return found.text, found.confidence, found.reason


class WhisperUtterance:
    """See ``Utterance``. Sound beyond ``LONGEST_S`` is cut off at the front (the ear cuts long speech before that)."""

    def __init__(self, call: WhisperCall, start_s: float) -> None:
        self._call = call
        self._start_s = start_s
        self._parts: list[Samples] = []
        self._samples = 0
        self._tried_samples = 0

    def accept(self, samples: Samples) -> None:
        """See ``Utterance``."""
        self._parts.append(samples)
        self._samples += len(samples)

    def _sound(self) -> Samples:
        sound = np.concatenate(self._parts) if self._parts else np.zeros(0, np.int16)
        return sound[-int(LONGEST_S * RATE_HZ) :]

    def partial(self, at_s: float) -> Heard | None:
        """See ``Utterance``: a new pass at most once per second of new sound."""
        if self._samples - self._tried_samples < PARTIAL_EVERY_S * RATE_HZ:
            return None
        self._tried_samples = self._samples
        text, confidence, _ = self._call.recognise(self._sound())
        if not text:
            return None
        return Heard(at_s, text, Span(self._start_s, at_s), confidence, final=False)

    def end(self, at_s: float, end_s: float) -> Heard | Unheard:
        """See ``Utterance``."""
        span = Span(self._start_s, end_s)
        if self._samples < SHORTEST_S * RATE_HZ:
            return Unheard(at_s, span, "too short")
        text, confidence, reason = self._call.recognise(self._sound())
        if not text:
            return Unheard(at_s, span, reason)
        return Heard(at_s, text, span, confidence, final=True)
