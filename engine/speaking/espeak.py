"""The espeak-ng voice, from the library and the voices in the ``espeakng-loader`` wheel.

The C library is one global machine, so a lock guards it and renders take turns, from whatever thread. They are
deterministic: the same text, voice, speed and pitch give the same samples, in any order and in any process. A
sentence takes some 10 ms.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import RATE_HZ
from engine.speaking.voice import VoiceError, levelled

WPM_RANGE = range(80, 451)
"""Words a minute that espeak-ng can speak (espeakRATE in speak_lib.h)."""

PITCH_RANGE = range(101)
"""espeakPITCH in speak_lib.h; 50 is the voice's own pitch."""

TELEPHONE_BAND_HZ = (300.0, 3400.0)
"""What a narrow-band telephone line carries (ITU-T G.712)."""

# Names and values from espeak-ng's speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2  # samples go to the callback; espeak_Synth returns when all have come
_INITIALIZE_DONT_EXIT = 0x8000  # report missing data instead of exit()
_EE_OK = 0
_RATE, _PITCH = 1, 3
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_BUFFER_MS = 200
_RANDOM_SEED = 1

_EDGE_SILENCE_S = 0.05  # silence before and after a text
_EDGE_LEVEL = 33  # -60 dBFS: below it is silence

_SAMPLES_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


_turn = threading.Lock()
"""One thread at a time: everything inside the C library is global."""


def _paths() -> tuple[str, str]:
    """Where the wheel keeps the library and its voices."""
    try:
        import espeakng_loader

        return str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path())
    except (ImportError, RuntimeError) as error:
        raise VoiceError(
            f"The espeak-ng voice is missing ({error}). Install the package espeakng-loader again."
        ) from error


def _unload(library: ctypes.CDLL) -> None:
    """Let go of the library, so that the next load starts with fresh variables. ctypes has no public way."""
    import _ctypes

    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)


@contextmanager
def _fresh(on_samples: Callable[[bytes], None]) -> Iterator[tuple[ctypes.CDLL, int]]:
    """The library just loaded and set up, and its sample rate; everything it makes goes to ``on_samples``.

    Loaded anew each time (3.5 ms): the phase of the pitch flutter lives in a static variable that nothing else
    resets, so that otherwise a text would sound a little different every time.
    """

    def collect(samples: ctypes._Pointer[ctypes.c_short] | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            on_samples(ctypes.string_at(samples, count * 2))
        return 0  # go on

    path, data = _paths()
    callback = _SAMPLES_CALLBACK(collect)  # kept in a name: the C library holds a bare pointer to it
    with _turn:
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            raise VoiceError(
                f"The espeak-ng library could not be loaded ({error}). Install the package espeakng-loader again."
            ) from error
        try:
            rate = library.espeak_Initialize(
                _AUDIO_OUTPUT_SYNCHRONOUS, _BUFFER_MS, os.fsencode(data), _INITIALIZE_DONT_EXIT
            )
            if rate <= 0:
                raise VoiceError(
                    f"espeak-ng does not accept its voices in {data}. Install the package espeakng-loader again, "
                    "in a folder with a shorter and plainer path."
                )
            library.espeak_SetSynthCallback(callback)
            yield library, rate
            library.espeak_Terminate()
        finally:
            _unload(library)


def _select(library: ctypes.CDLL, voice: str) -> None:
    if not voice or library.espeak_SetVoiceByName(voice.encode()) != _EE_OK:
        raise VoiceError(f"espeak-ng has no voice called '{voice}'. Try 'en-us', 'en-gb-x-rp' or 'de'.")


def _synthesise(text: str, voice: str, wpm: int, pitch: int) -> tuple[NDArray[np.int16], int]:
    """``text`` with espeak-ng's own level and edges, and the sample rate."""
    pieces: list[bytes] = []
    encoded = text.encode(errors="ignore") + b"\0"
    with _fresh(pieces.append) as (library, rate):
        _select(library, voice)
        library.espeak_SetParameter(_RATE, wpm, 0)
        library.espeak_SetParameter(_PITCH, pitch, 0)
        library.espeak_ng_SetRandSeed(ctypes.c_long(_RANDOM_SEED))
        status = library.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded)), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
    if status != _EE_OK:
        raise VoiceError(f"espeak-ng could not speak the text (its error {status}).")
    return np.frombuffer(b"".join(pieces), np.int16), rate


class EspeakVoice:
    """A voice of espeak-ng.

    ``voice``: a language such as "en-us", "en-gb-x-rp" or "de", with a variant if wanted ("en-us+f3": a woman).
    ``wpm``: words a minute. ``pitch``: 0 to 100. ``telephone_band``: keep 300-3400 Hz only, as a line would.
    Raises ``VoiceError`` when the library or the voice is missing, ``ValueError`` when speed or pitch are out of range.
    """

    def __init__(
        self, voice: str = "en-us", wpm: int = 165, pitch: int = 50, *, telephone_band: bool = False
    ) -> None:
        if wpm not in WPM_RANGE:
            raise ValueError(f"A speed of {wpm} words a minute is not possible; choose 80 to 450.")
        if pitch not in PITCH_RANGE:
            raise ValueError(f"A pitch of {pitch} is not possible; choose 0 to 100.")
        self._voice, self._wpm, self._pitch = voice, wpm, pitch
        self._telephone_band = telephone_band
        with _fresh(lambda _: None) as (library, _rate):
            _select(library, voice)

    @property
    def name(self) -> str:
        """Such as "espeak-ng en-us"."""
        return f"espeak-ng {self._voice}"

    def render(self, text: str) -> NDArray[np.int16]:
        """``text`` as mono 16 kHz samples; 50 ms of silence at each end. See ``Voice.render``."""
        import soxr

        spoken = " ".join(text.replace("\0", " ").split())
        if not spoken:
            raise VoiceError("There is no text to speak.")
        sound, rate = _synthesise(spoken, self._voice, self._wpm, self._pitch)
        if not np.any(np.abs(sound.astype(np.int32)) > _EDGE_LEVEL):
            raise VoiceError(f"There is nothing in '{spoken[:40]}' that can be spoken aloud.")
        # Headroom for the resampler's overshoot; the level is set afterwards.
        resampled = soxr.resample(sound.astype(np.float32) / 2, rate, RATE_HZ, quality="HQ")
        if self._telephone_band:
            resampled = np.convolve(resampled, _band_pass(*TELEPHONE_BAND_HZ), mode="same")
        clipped = np.clip(np.rint(resampled), -32768, 32767).astype(np.int16)
        return levelled(_trimmed(clipped), RATE_HZ)


@cache
def _band_pass(low_hz: float, high_hz: float, taps: int = 257) -> NDArray[np.float64]:
    """Linear-phase band pass at ``RATE_HZ``: the difference of two windowed sincs (Blackman)."""
    n = np.arange(taps) - (taps - 1) / 2
    high, low = 2 * high_hz / RATE_HZ, 2 * low_hz / RATE_HZ
    response: NDArray[np.float64] = (high * np.sinc(high * n) - low * np.sinc(low * n)) * np.blackman(taps)
    return response


def _trimmed(sound: NDArray[np.int16]) -> NDArray[np.int16]:
    """``sound`` with just ``_EDGE_SILENCE_S`` of silence at each end."""
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > _EDGE_LEVEL)
    if not loud.size:
        return sound
    edge = np.zeros(int(_EDGE_SILENCE_S * RATE_HZ), np.int16)
    return np.concatenate([edge, sound[int(loud[0]) : int(loud[-1]) + 1], edge])
