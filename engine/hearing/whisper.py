"""Speech to text with faster-whisper, from a model folder the user has configured.

Whisper hears 30 s at a time and does not stream: for words so far the utterance is recognised again about once a
second of new sound; the final text is one more pass. It is also known to invent text for noise and music ("thank you
for watching"), so what it says is only believed when its own measures agree: see ``believable``.

Model folders are those of the Systran faster-whisper models (CTranslate2 format): ``resources/models.toml`` names
the files, sizes, and checksums as far as they are known.
"""

from __future__ import annotations

import hashlib
import logging
import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.audio.format import RATE_HZ
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
NO_SPEECH_MOST = 0.6
LOG_PROBABILITY_LEAST = -1.0
COMPRESSION_MOST = 2.4
"""The three guards of the Whisper paper (Radford et al. 2022, section 4.5) and its reference implementation."""
BRIEF_WORDS = 3
BRIEF_LOG_PROBABILITY_LEAST = -0.6
"""Invented text is mostly short ("thank you", "bye"): a few words must be believed more."""


class Piece(Protocol):
    """What faster-whisper says of one stretch."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float


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


def believable(pieces: Sequence[Piece]) -> tuple[str, float, str]:
    """Text, confidence 0..1 and - where the text is not to be believed - the reason (then text is empty).

    Confidence is the mean probability of a token, e to the power of ``avg_logprob``, weighted by length of text.
    """
    pieces = [piece for piece in pieces if piece.text.strip()]
    if not pieces:
        return "", 0.0, "no words in it"
    lengths = [len(piece.text) for piece in pieces]
    mean = sum(p.avg_logprob * n for p, n in zip(pieces, lengths, strict=True)) / sum(lengths)
    text = " ".join(" ".join(piece.text.split()) for piece in pieces)
    if max(piece.compression_ratio for piece in pieces) > COMPRESSION_MOST:
        return "", 0.0, "the recogniser repeated itself"
    if min(piece.no_speech_prob for piece in pieces) > NO_SPEECH_MOST and mean < -0.5:
        return "", 0.0, "the recogniser takes it for no speech"
    if mean < LOG_PROBABILITY_LEAST:
        return "", 0.0, "low confidence"
    if len(text.split()) <= BRIEF_WORDS and mean < BRIEF_LOG_PROBABILITY_LEAST:
        return "", 0.0, "low confidence in a few words"
    return text, math.exp(min(0.0, mean)), ""


class WhisperTranscriber:
    """A loaded Whisper model. ``language`` empty: detected for each utterance (English-only models know only one).

    Raises ``ModelMissing`` with a sentence when the folder is missing, incomplete or damaged.
    """

    def __init__(
        self, folder: Path, *, threads: int = 2, compute_type: str = "int8", language: str = "en"
    ) -> None:
        check(folder)
        from faster_whisper import WhisperModel

        self._folder = folder
        self._language = language or None
        try:
            self._model = WhisperModel(
                str(folder),
                device="cpu",
                compute_type=compute_type,
                cpu_threads=threads,
                local_files_only=True,
            )
        except Exception as problem:  # ctranslate2 and tokenizers raise all sorts for a file they cannot read
            raise ModelMissing(
                f"The Whisper model in {folder} cannot be loaded ({problem}). Download it again."
            ) from problem

    @property
    def name(self) -> str:
        """For the user."""
        return f"Whisper ({self._folder.name})"

    def begin(self, start_s: float) -> WhisperUtterance:
        """See ``Transcriber``."""
        return WhisperUtterance(self, start_s)

    def recognise(self, sound: Samples) -> tuple[str, float, str]:
        """Text, confidence, reason for none (see ``believable``). Takes as long as it takes."""
        pieces, _ = self._model.transcribe(
            sound.astype(np.float32) / 32768.0,
            language=self._language,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=False,
            log_prob_threshold=None,
            no_speech_threshold=None,
        )
        return believable(list(pieces))


class WhisperUtterance:
    """See ``Utterance``. Sound beyond ``LONGEST_S`` is cut off at the front (the ear cuts long speech before that)."""

    def __init__(self, transcriber: WhisperTranscriber, start_s: float) -> None:
        self._transcriber = transcriber
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
        text, confidence, _ = self._transcriber.recognise(self._sound())
        if not text:
            return None
        return Heard(at_s, text, Span(self._start_s, at_s), confidence, final=False)

    def end(self, at_s: float, end_s: float) -> Heard | Unheard:
        """See ``Utterance``."""
        span = Span(self._start_s, end_s)
        if self._samples < SHORTEST_S * RATE_HZ:
            return Unheard(at_s, span, "too short")
        text, confidence, reason = self._transcriber.recognise(self._sound())
        if not text:
            return Unheard(at_s, span, reason)
        return Heard(at_s, text, span, confidence, final=True)
