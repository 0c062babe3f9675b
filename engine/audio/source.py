"""Sound from a file or a stream, as the ears want it: mono int16 at 16 kHz, block by block.

    WAV / FLAC / ... -- soundfile --> float32, any rate and channels --> mean --> soxr --> int16 16 kHz
    raw s16le 8 kHz mono on a pipe ------------------------------------------> soxr --> int16 16 kHz

Blocks come as soon as they can be had: a pipe is never waited for longer than it takes to bring something. Each block
says how much of the *source* has been consumed, in seconds, so that a result can be dated by what had to be heard for
it. The resampler holds back some 10 ms, which its last block delivers.
"""

from __future__ import annotations

import io
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import RATE_HZ
from engine.audio.ring import Samples

if TYPE_CHECKING:
    import soundfile

BLOCK_S = 0.1
"""How much is taken at once where it is all there: as often as the ears wake in a call."""

RAW_RATE_HZ = 8000
"""Rate of raw sound on a pipe: the telephone's."""

RATES_HZ = range(1000, 768_001)
"""Sample rates believed; outside them the file's header is damaged (768 kHz is the highest any recorder has)."""


class SourceError(Exception):
    """The sound cannot be read. ``str()`` is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of sound; ``consumed_s`` of the source have been read with it."""

    samples: Samples
    consumed_s: float


class _Reader(Protocol):
    def read1(self, size: int = -1, /) -> bytes: ...


def from_file(path: Path) -> Iterator[Block]:
    """The sound of a WAV or FLAC file (or another that libsndfile knows) of any rate, width and channels.

    Raises ``SourceError`` at the first block when it cannot be read, is empty, or is no sound; after the last sound
    that could be had when it is damaged further on.
    """
    import soundfile

    _see_to(path)
    try:
        with soundfile.SoundFile(path) as file:
            yield from _decode(file, str(path))
    except OSError as error:
        raise SourceError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    except soundfile.LibsndfileError as error:
        raise SourceError(
            f"{path} is not a sound file that can be read, or it is damaged ({error.error_string.rstrip('.')})."
        ) from error


def _see_to(path: Path) -> None:
    """Raise ``SourceError`` for what is no file with something in it that may be read."""
    name = str(path).replace("\0", "\ufffd")
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise SourceError(f"{name} is a folder; name a sound file in it.")
        if not stat.S_ISREG(about.st_mode):
            raise SourceError(
                f"{name} is no ordinary file. Name a sound file, or send raw sound down a pipe to “listen -”."
            )
        if about.st_size == 0:
            raise SourceError(f"The file {name} is empty.")
        path.open("rb").close()  # the library would not say that a permission is lacking
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {name}.") from error
    except PermissionError as error:
        raise SourceError(f"The file {name} cannot be read: you lack the permission.") from error
    except (OSError, ValueError) as error:  # a name too long, or with a null character in it
        raise SourceError(
            f"The file {name} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from error


def from_bytes(content: bytes, name: str) -> Iterator[Block]:
    """The same, from the bytes of such a file."""
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            yield from _decode(file, name)
    except soundfile.LibsndfileError as error:
        raise SourceError(
            f"{name} is not a sound that can be read, or it is damaged ({error.error_string.rstrip('.')})."
        ) from error


def _decode(file: soundfile.SoundFile, name: str) -> Iterator[Block]:
    rate = int(file.samplerate)
    if rate not in RATES_HZ:
        raise SourceError(f"{name} claims {rate} samples a second, which cannot be; the file is damaged.")
    to_16k = _Resampler(rate)
    consumed = 0
    size = max(1, int(rate * BLOCK_S))
    damage = ""
    while not damage:
        try:
            frames: NDArray[np.float32] = file.read(size, dtype="float32", always_2d=True)
        except RuntimeError as error:  # the library's own kind; raised as it is when nothing could be read
            if not consumed:
                raise
            damage = getattr(error, "error_string", str(error)).rstrip(".")
            break
        if not len(frames):
            break
        consumed += len(frames)
        # Before the channels are mixed: one that holds no numbers must not silence the others.
        sane = np.clip(np.nan_to_num(frames, copy=False, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
        yield Block(to_16k.push(sane.mean(axis=1)), consumed / rate)
    if not consumed:
        raise SourceError(f"{name} holds no sound.")
    yield Block(to_16k.finish(), consumed / rate)
    if damage:
        raise SourceError(
            f"{name} is damaged after {consumed / rate:.1f} s ({damage}); the rest cannot be heard."
        )


def from_raw(stream: BinaryIO | _Reader, rate: int = RAW_RATE_HZ) -> Iterator[Block]:
    """Raw s16le mono as it comes down a pipe, until its end.

    Raises ``SourceError`` for a pipe that brings nothing, a file where raw sound was expected, or half a sample.
    """
    read = stream.read1 if hasattr(stream, "read1") else stream.read
    to_16k = _Resampler(rate)
    size = int(rate * BLOCK_S) * 2
    consumed, half = 0, b""
    while piece := _next(read, size):
        if not consumed and not half and piece[:4] in (b"RIFF", b"fLaC", b"OggS", b"RF64"):
            raise SourceError(
                "Raw sound was expected on the pipe, and a sound file came; give its name instead."
            )
        piece = half + piece
        whole = len(piece) // 2 * 2
        half = piece[whole:]
        if not whole:
            continue
        consumed += whole // 2
        samples = np.frombuffer(piece[:whole], dtype="<i2").astype(np.float32) / 32768.0
        yield Block(to_16k.push(samples), consumed / rate)
    if not consumed:
        raise SourceError("No sound came down the pipe: 8000 samples a second, 16 bits, mono were expected.")
    yield Block(to_16k.finish(), consumed / rate)


def _next(read: Callable[[int], bytes], size: int) -> bytes:
    try:
        return read(size)
    except OSError as error:
        raise SourceError(f"The pipe cannot be read: {error.strerror or error}.") from error


class _Resampler:
    """Float32 of one rate in, int16 at 16 kHz out."""

    def __init__(self, rate: int) -> None:
        import soxr

        self._stream = None if rate == RATE_HZ else soxr.ResampleStream(rate, RATE_HZ, 1, dtype="float32")

    def push(self, samples: NDArray[np.float32]) -> Samples:
        return self._go(samples, last=False)

    def finish(self) -> Samples:
        return self._go(np.zeros(0, np.float32), last=True)

    def _go(self, samples: NDArray[np.float32], *, last: bool) -> Samples:
        if self._stream is not None:
            samples = self._stream.resample_chunk(samples, last=last)
        whole: Samples = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
        return whole
