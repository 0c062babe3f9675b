"""The user's microphone and speaker, as two plain byte streams for the sound clock of the line process.

PortAudio calls back from threads of its own; the clock calls ``capture`` and ``play``. Between them stand elastic
buffers, so that no side ever waits for the other. Two separate streams, not a duplex one: that burns a whole core
over ALSA's pulse plugin.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio import devices
from engine.audio.devices import Device
from engine.audio.elastic import ElasticBuffer

BLOCK_S = 0.01
"""A callback each 10 ms: half the clock's frame, so that the elastic buffers can be short (see there)."""

DEVICE_LATENCY_S = 0.04
"""What is asked of the sound system; it may take more."""

LOST_AFTER_S = 3.0
"""So long without a callback, by the clock's count of frames, and the device is lost (a null sink pauses for 1.7)."""

START_WITHIN_S = 6.0
"""How long a device may take to its first callback (PulseAudio: 1.7 s)."""

LOST_TEXT = "The {kind} '{name}' was disconnected. Connect it again, or choose another one."

SILENCE_DBFS = -96.0


class NoAudioDevice(Exception):
    """There is no device, or none that opens. ``str()`` is a sentence for a person."""


class Headset:
    """Microphone and speaker at ``rate``, mono int16 little-endian.

    ``microphone``, ``speaker``: names as in ``devices.find()``; empty or not there: the system's default.
    ``on_lost(sentence)`` is called once, from whatever thread notices, when a device goes away; it must be quick.
    ``open`` and ``close`` belong to one thread; ``capture`` and ``play`` to the sound clock; the rest may be read
    from anywhere. Usable again after ``close``. Only one of the two devices being there is enough: ``text`` says what
    is missing.
    """

    def __init__(
        self,
        microphone: str = "",
        speaker: str = "",
        rate: int = 48_000,
        on_lost: Callable[[str], None] | None = None,
    ) -> None:
        self.rate = rate
        self.muted = False
        """The microphone gives silence. Set it from any thread."""
        self.lost = ""
        """Why a device went away, as a sentence; empty while all is well."""
        self.text = ""
        """What the user should know after ``open``: a device missing, or another one used instead."""
        self.microphone_name = ""
        """The microphone in use; empty: none."""
        self.speaker_name = ""
        """The speaker in use; empty: none."""
        self.microphone_level_dbfs = SILENCE_DBFS
        """RMS of the last captured frame against full scale (32768), before muting."""
        self.speaker_level_dbfs = SILENCE_DBFS
        """RMS of the last played frame."""
        self._wished = (microphone, speaker)
        self._on_lost = on_lost
        self._microphone: _Stream | None = None
        self._speaker: _Stream | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a stream to or from a device."""
        return self._microphone is not None or self._speaker is not None

    @property
    def microphone_buffer(self) -> ElasticBuffer | None:
        """For measurements; None without microphone."""
        return self._microphone.buffer if self._microphone else None

    @property
    def speaker_buffer(self) -> ElasticBuffer | None:
        """For measurements; None without speaker."""
        return self._speaker.buffer if self._speaker else None

    def open(self) -> None:
        """Find the devices and start the streams: 0.1 to 0.7 s. Raises ``NoAudioDevice``; nothing is open then."""
        if self.is_open:
            return
        self.lost = self.text = ""
        found = devices.find()
        if found.problem:
            raise NoAudioDevice(found.problem)
        choices = (found.microphone(self._wished[0]), found.speaker(self._wished[1]))
        texts = [choice.text for choice in choices if choice.text]
        for kind, choice in zip((_Microphone, _Speaker), choices, strict=True):
            if not choice.device:
                continue
            try:
                stream = kind(choice.device, self.rate, self._stream_lost)
            except _CannotOpen as error:
                texts.append(str(error))
                continue
            if isinstance(stream, _Microphone):
                self._microphone, self.microphone_name = stream, choice.name
            else:
                self._speaker, self.speaker_name = stream, choice.name
        self.text = " ".join(texts)
        if not self.is_open:
            raise NoAudioDevice(self.text)

    def close(self) -> None:
        """Stop the streams: some ms, up to 2 s when the sound system hangs. Does nothing when they are not open."""
        streams, self._microphone, self._speaker = (self._microphone, self._speaker), None, None
        for stream in streams:
            if stream:
                stream.close()
        self.microphone_name = self.speaker_name = ""
        self.microphone_level_dbfs = self.speaker_level_dbfs = SILENCE_DBFS

    def capture(self, frame_samples: int) -> bytes:
        """The next ``frame_samples`` of the microphone, always that many; silence when muted or without one.

        For the sound clock: 0.1 ms on a busy machine, never raises.
        """
        stream = self._microphone
        if stream is None:
            return bytes(frame_samples * 2)
        stream.watch(frame_samples)
        piece = stream.buffer.get(frame_samples)
        self.microphone_level_dbfs = _level_dbfs(piece)
        return bytes(frame_samples * 2) if self.muted else piece.tobytes()

    def play(self, data: bytes | bytearray | memoryview) -> None:
        """Queue a frame for the speaker. For the sound clock: 0.1 ms on a busy machine, never raises."""
        stream = self._speaker
        if stream is None:
            return
        piece = np.frombuffer(data, np.int16, len(data) // 2)
        stream.watch(len(piece))
        self.speaker_level_dbfs = _level_dbfs(piece)
        stream.play(piece)

    def _stream_lost(self, sentence: str) -> None:
        if self.lost:
            return
        self.lost = sentence
        if self._on_lost:
            self._on_lost(sentence)


class _CannotOpen(Exception):
    """A device that is there does not open. ``str()`` is a sentence."""


class _Stream:
    """One direction: a PortAudio stream, its elastic buffer and its life signs."""

    kind = ""

    def __init__(self, device: Device, rate: int, on_lost: Callable[[str], None]) -> None:
        import sounddevice

        self._device, self._rate, self._on_lost = device, rate, on_lost
        self._calls = self._calls_seen = 0
        self._since_call_samples = 0
        self._closing = False
        with devices.PORTAUDIO:
            try:
                self._device_rate, self._channels = self._format(sounddevice)
                self.buffer = self._make_buffer()
                self._resampler = self._make_resampler()
                self._stream = self._make_stream(sounddevice, int(self._device_rate * BLOCK_S))
                devices.streams_opened(1)
            except sounddevice.PortAudioError as error:
                raise self._refusal(error) from error
            try:
                self._stream.start()
            except sounddevice.PortAudioError as error:
                self.close()
                raise self._refusal(error) from error

    def close(self) -> None:
        """Stop at once, whatever state the device is in."""
        self._closing = True
        devices.close_stream(self._stream)

    def watch(self, samples: int) -> None:
        """The clock went on by ``samples``: is the device still with us?"""
        if self._calls != self._calls_seen:
            self._calls_seen = self._calls
            self._since_call_samples = 0
        else:
            self._since_call_samples += samples
            patience_s = LOST_AFTER_S if self._calls else START_WITHIN_S
            if self._since_call_samples > patience_s * self._rate:
                self._since_call_samples = 0
                self._tell_lost()

    def play(self, samples: NDArray[np.int16]) -> None:
        """Only a speaker can."""

    def _format(self, sounddevice: Any) -> tuple[int, int]:
        """Rate and channels the device takes: ours if it can, else its own."""
        check = (
            sounddevice.check_input_settings
            if self.kind == "microphone"
            else sounddevice.check_output_settings
        )
        refusal: Exception | None = None
        for rate in dict.fromkeys((self._rate, self._device.default_rate)):
            for channels in (1, 2):
                try:
                    check(device=self._device.index, channels=channels, dtype="int16", samplerate=rate)
                    return rate, channels
                except sounddevice.PortAudioError as error:
                    refusal = refusal or error
        assert refusal is not None
        raise refusal

    def _settings(self, block_samples: int) -> dict[str, Any]:
        return {
            "device": self._device.index,
            "samplerate": self._device_rate,
            "channels": self._channels,
            "dtype": "int16",
            "blocksize": block_samples,
            "latency": DEVICE_LATENCY_S,
            "finished_callback": self._finished,
        }

    def _make_stream(self, sounddevice: Any, block_samples: int) -> Any:
        raise NotImplementedError

    def _make_buffer(self) -> ElasticBuffer:
        raise NotImplementedError

    def _rates(self) -> tuple[int, int]:
        raise NotImplementedError

    def _make_resampler(self) -> Any:
        come, go = self._rates()
        if come == go:
            return None
        import soxr

        return soxr.ResampleStream(come, go, 1, dtype="int16", quality="MQ")

    def _resampled(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        if self._resampler is None:
            return samples
        converted: NDArray[np.int16] = self._resampler.resample_chunk(samples)
        return converted

    def _refusal(self, error: Exception) -> _CannotOpen:
        return _CannotOpen(
            f"The {self.kind} '{self._device.name}' does not open ({error.args[0] if error.args else error}). "
            "Another program may be using it; close that, or choose another device."
        )

    def _finished(self) -> None:
        """PortAudio's thread has ended: on our wish, or because the device is gone."""
        if not self._closing:
            self._tell_lost()

    def _tell_lost(self) -> None:
        self._on_lost(LOST_TEXT.format(kind=self.kind, name=self._device.name))


class _Microphone(_Stream):
    kind = "microphone"

    def _rates(self) -> tuple[int, int]:
        return self._device_rate, self._rate

    def _make_buffer(self) -> ElasticBuffer:
        return ElasticBuffer(self._rate)

    def _make_stream(self, sounddevice: Any, block_samples: int) -> Any:
        return sounddevice.RawInputStream(callback=self._heard, **self._settings(block_samples))

    def _heard(self, data: Any, _frames: int, _time: Any, _status: Any) -> None:
        """PortAudio's thread: no log, no lock."""
        self._calls += 1
        self.buffer.put(self._resampled(np.frombuffer(data, np.int16)[:: self._channels]))


class _Speaker(_Stream):
    kind = "speaker"

    def _rates(self) -> tuple[int, int]:
        return self._rate, self._device_rate

    def _make_buffer(self) -> ElasticBuffer:
        return ElasticBuffer(self._device_rate)

    def _make_stream(self, sounddevice: Any, block_samples: int) -> Any:
        return sounddevice.RawOutputStream(callback=self._wanted, **self._settings(block_samples))

    def play(self, samples: NDArray[np.int16]) -> None:
        self.buffer.put(self._resampled(samples))

    def _wanted(self, data: Any, frames: int, _time: Any, _status: Any) -> None:
        """PortAudio's thread: no log, no lock."""
        self._calls += 1
        piece = self.buffer.get(frames)
        data[:] = (piece if self._channels == 1 else np.repeat(piece, self._channels)).tobytes()


def _level_dbfs(samples: NDArray[np.int16]) -> float:
    if not len(samples):
        return SILENCE_DBFS
    scaled = samples.astype(np.float32)
    power = float(np.dot(scaled, scaled)) / len(samples) / 32768.0**2
    return 10 * math.log10(power) if power > 10 ** (SILENCE_DBFS / 10) else SILENCE_DBFS
