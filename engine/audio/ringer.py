"""Rings the user, on the ring device(s), in the window process.

Rings in a thread that lives as long as the ringing: looking for devices and opening them takes up to a second, which
the window does not have. While it is to ring and no device does, it looks again every second: a headset switched on
late still rings.
"""

from __future__ import annotations

import threading
import wave
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio import devices
from engine.audio.devices import Device
from resources import locate

LOOK_AGAIN_S = 1.0
"""How long to wait before looking for a device again."""

FADE_S = 0.03
"""The sound is faded out over this at ``stop``: a cut would click."""

_LATENCY_S = 0.1


CLOSE_PATIENCE_S = 1.0
"""How long ``close`` waits for the devices."""


class Ringer:
    """Plays the ring (over and over) or the quiet cue (once) until ``stop``.

    ``wished``: names of the ring devices as in ``devices.find()``; one that is not there is replaced by the system's
    default, none at all means the default. ``volume``: 0 to 1. ``on_problem(sentence)`` is called on the ringing
    thread when ``problem`` changes, with an empty text when it is over. ``ring`` and ``stop`` return at once, never
    raise, and may be called any number of times from one thread.
    """

    def __init__(
        self,
        wished: Sequence[str] = (),
        volume: float = 1.0,
        on_problem: Callable[[str], None] | None = None,
    ) -> None:
        self.wished = tuple(wished)
        self.volume = volume
        self._on_problem = on_problem
        self._problem = ""
        self._round: _Round | None = None

    @property
    def problem(self) -> str:
        """Why the last ringing could not be heard, or is heard elsewhere, as a sentence; empty when all is well."""
        return self._problem

    @property
    def ringing(self) -> bool:
        """Whether a ring or a cue is going on, heard or not."""
        return self._round is not None and self._round.is_alive()

    @property
    def playing_on(self) -> tuple[str, ...]:
        """Names of the devices that are sounding now."""
        return self._round.playing_on if self._round and self._round.is_alive() else ()

    def ring(self, quiet: bool = False) -> None:
        """Ring until ``stop``; ``quiet``: the cue for "maybe a person", once. A ring is never replaced by a cue."""
        if self.ringing and self._round and (quiet or not self._round.quiet) and not self._round.ending:
            return
        self.stop()
        self._round = _Round(self.wished, min(1.0, max(0.0, self.volume)), quiet, self._report)
        self._round.start()

    def stop(self) -> None:
        """Stop ringing; it fades out within some hundredths of a second. Does not wait."""
        if self._round:
            self._round.end()

    def close(self) -> None:
        """Stop, and wait until the devices are closed (up to a second)."""
        self.stop()
        if self._round and self._round.is_alive():
            # PortAudio may hang in a dead sound server for ever; quitting does not wait for that.
            self._round.join(CLOSE_PATIENCE_S)
        self._round = None

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            if self._on_problem:
                self._on_problem(problem)


class _Round(threading.Thread):
    """One ringing, from ``ring`` to ``stop``."""

    def __init__(
        self, wished: tuple[str, ...], volume: float, quiet: bool, report: Callable[[str], None]
    ) -> None:
        super().__init__(name="ringer", daemon=True)
        self.quiet = quiet
        self.playing_on: tuple[str, ...] = ()
        self._wished = wished or ("",)
        self._volume = volume
        self._report = report
        self._wake = threading.Event()  # to end, or because a player stopped
        self._ending = False

    @property
    def ending(self) -> bool:
        """Whether it was told to end."""
        return self._ending

    def end(self) -> None:
        self._ending = True
        self._wake.set()

    def run(self) -> None:
        try:
            sound, rate = _load("cue.wav" if self.quiet else "ring.wav")
        except (OSError, EOFError, wave.Error) as error:
            self._report(f"The ring cannot be heard: its sound file does not open ({error}).")
            return
        if self._volume < 1.0:
            sound = np.rint(sound * self._volume).astype(np.int16)
        while not self._ending:
            self._wake.clear()
            players = self._open(sound, rate)
            self.playing_on = tuple(player.name for player in players)
            if players:
                self._wake.wait(len(sound) / rate + 1.0 if self.quiet else None)
            elif self.quiet:
                return  # too late for a cue when a device is there at last
            else:
                self._wake.wait(LOOK_AGAIN_S)
            self.playing_on = ()
            for player in players:
                player.close(fade=self._ending)
            if self.quiet:
                return

    def _open(self, sound: NDArray[np.int16], rate: int) -> list[_Player]:
        """A player on each device that opens. Reports what is wrong, or that nothing is."""
        found = devices.find()
        chosen: dict[int, Device] = {}
        texts: list[str] = []
        for wished in self._wished:
            choice = found.ringer(wished)
            if choice.text:
                texts.append(choice.text)
            if choice.device:
                chosen[choice.device.index] = choice.device
        players = []
        refused: set[int] = set()
        for device in chosen.values():
            try:
                players.append(_Player(device, sound, rate, not self.quiet, self._wake.set))
            except _CannotRing as error:
                texts.append(str(error))
                refused.add(device.index)
        default = found.default_output
        if not players and default and default.index not in refused:
            try:
                players.append(_Player(default, sound, rate, not self.quiet, self._wake.set))
            except _CannotRing as error:
                texts.append(str(error))
        self._report(" ".join(dict.fromkeys(texts)))
        return players


class _CannotRing(Exception):
    """A ring device does not open. ``str()`` is a sentence."""


class _Player:
    """One stream that plays a sound, once or over and over."""

    def __init__(
        self,
        device: Device,
        sound: NDArray[np.int16],
        rate: int,
        again: bool,
        on_end: Callable[[], None],
    ) -> None:
        import sounddevice

        self.name = device.name
        self._again = again
        self._on_end = on_end
        self._at = 0
        self._fading = False
        self._faded = threading.Event()
        self._stop_exception = sounddevice.CallbackStop
        with devices.PORTAUDIO:
            refusal: Exception | None = None
            for device_rate in dict.fromkeys((rate, device.default_rate)):
                for channels in (1, 2):
                    try:
                        self._start(
                            sounddevice, device, _converted(sound, rate, device_rate), device_rate, channels
                        )
                        devices.streams_opened(1)
                        return
                    except sounddevice.PortAudioError as error:
                        refusal = refusal or error
        reason = refusal.args[0] if refusal and refusal.args else refusal
        raise _CannotRing(f"The ring device '{device.name}' does not open ({reason}). Choose another one.")

    def _start(
        self, sounddevice: Any, device: Device, sound: NDArray[np.int16], rate: int, channels: int
    ) -> None:
        self._sound, self._channels = sound, channels
        self._fade_samples = max(1, int(FADE_S * rate))
        stream = sounddevice.RawOutputStream(
            device=device.index,
            samplerate=rate,
            channels=channels,
            dtype="int16",
            latency=_LATENCY_S,
            callback=self._wanted,
            finished_callback=self._finished,
        )
        try:
            stream.start()
        except sounddevice.PortAudioError:
            stream.close(ignore_errors=True)
            raise
        self._stream = stream

    def close(self, fade: bool) -> None:
        """Stop, softly if there is somebody to hear it."""
        if fade and self._stream.active:
            self._fading = True
            self._faded.wait(10 * _LATENCY_S)
        devices.close_stream(self._stream)

    def _finished(self) -> None:
        """PortAudio's thread: played to the end, faded out, or the device is gone."""
        self._faded.set()
        self._on_end()

    def _wanted(self, data: Any, frames: int, _time: Any, _status: Any) -> None:
        """PortAudio's thread: no log, no lock."""
        piece = self._sound.take(np.arange(self._at, self._at + frames), mode="wrap")
        left = len(self._sound) - self._at
        self._at += frames
        over = False
        if not self._again and left < frames:
            piece[max(0, left) :] = 0
            over = left <= 0  # one whole block of silence: the sound is out
        if self._again:
            self._at %= len(self._sound)
        if self._fading:
            count = min(self._fade_samples, frames)
            piece[:count] = piece[:count] * np.linspace(1.0, 0.0, count)
            piece[count:] = 0
            over = True
        data[:] = (piece if self._channels == 1 else np.repeat(piece, self._channels)).tobytes()
        if over:
            raise self._stop_exception


def _load(name: str) -> tuple[NDArray[np.int16], int]:
    with wave.open(str(locate("sounds", name)), "rb") as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise wave.Error(f"{name} is not mono and 16 bits")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16), file.getframerate()


def _converted(sound: NDArray[np.int16], rate: int, device_rate: int) -> NDArray[np.int16]:
    if rate == device_rate:
        return sound
    import soxr

    resampled: NDArray[np.int16] = soxr.resample(sound, rate, device_rate, quality="HQ")
    return resampled
