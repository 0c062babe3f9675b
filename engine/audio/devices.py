"""Microphones and speakers of this machine, by name, through PortAudio (``sounddevice``).

PortAudio looks for devices once, when it is set up; ``find`` sets it up anew when no stream of this process is open,
so that a headset plugged in later is seen. No device, or no PortAudio, is a state with a sentence, never an error.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.events import AudioState

NO_PORTAUDIO = (
    "No audio device: the sound library PortAudio is missing (Debian and Ubuntu: apt install libportaudio2)."
)
NO_DEVICE = "No audio device: connect a headset, or a microphone and a speaker."
NO_MICROPHONE = "No microphone: the other side cannot hear you. Connect one."
NO_SPEAKER = "No speaker: you cannot hear the other side. Connect one."


@dataclass(frozen=True, slots=True)
class Device:
    """One direction of a device. ``index`` is PortAudio's and holds only until the next ``find``."""

    index: int
    name: str
    host_api: str  # "ALSA", "Core Audio", "Windows WASAPI" ...
    channels: int
    default_rate: int  # samples a second the device prefers


@dataclass(frozen=True, slots=True)
class Choice:
    """The device to use for a wished name: None when there is none; ``text`` says so, or that it is another one."""

    device: Device | None
    text: str = ""

    @property
    def name(self) -> str:
        """Name of the device, empty when there is none."""
        return self.device.name if self.device else ""


@dataclass(frozen=True, slots=True)
class Devices:
    """What is there. ``problem``: a sentence when nothing at all is."""

    inputs: tuple[Device, ...] = ()
    outputs: tuple[Device, ...] = ()
    default_input: Device | None = None
    default_output: Device | None = None
    problem: str = ""

    def microphone(self, wished: str = "") -> Choice:
        """The input called ``wished``; the default one when that is empty or not there."""
        return _choose(self.inputs, self.default_input, wished, "microphone", self.problem or NO_MICROPHONE)

    def speaker(self, wished: str = "") -> Choice:
        """The output called ``wished``; the default one when that is empty or not there."""
        return _choose(self.outputs, self.default_output, wished, "speaker", self.problem or NO_SPEAKER)

    def ringer(self, wished: str = "") -> Choice:
        """The output to ring on: ``wished``, else the default one."""
        nothing = (
            self.problem or "No device to ring on: connect a speaker. Calls are shown on the screen only."
        )
        return _choose(self.outputs, self.default_output, wished, "ring device", nothing)

    def state(self, at: float, microphone: str = "", speaker: str = "", ringer: str = "") -> AudioState:
        """The event for the window, for the wished names; ``at`` is wall-clock time."""
        inward, outward, bell = self.microphone(microphone), self.speaker(speaker), self.ringer(ringer)
        texts = [inward.text, outward.text]
        if bell.device:  # without any output, the sentence about the speaker is enough
            texts.append(bell.text)
        unique = " ".join(dict.fromkeys(text for text in texts if text))
        return AudioState(at, inward.name, outward.name, bell.name, unique)


def find() -> Devices:
    """Look for devices: some 0.1 s (the first time 0.6 s), so not on the window's thread. Never raises."""
    with PORTAUDIO:
        try:
            import sounddevice
        except (ImportError, OSError):  # OSError: the wheel is there, the C library is not
            return Devices(problem=NO_PORTAUDIO)
        try:
            if not _streams_open:
                sounddevice._terminate()
                sounddevice._initialize()
            apis = [str(api["name"]) for api in sounddevice.query_hostapis()]
            listed: list[dict[str, Any]] = list(sounddevice.query_devices())
            default_input, default_output = _defaults(sounddevice)
        except sounddevice.PortAudioError as error:
            return Devices(problem=f"No audio device: the sound system does not answer ({error}).")
    inputs = tuple(
        _device(entry, apis, "max_input_channels") for entry in listed if entry["max_input_channels"]
    )
    outputs = tuple(
        _device(entry, apis, "max_output_channels") for entry in listed if entry["max_output_channels"]
    )
    return Devices(
        inputs,
        outputs,
        _with_index(inputs, default_input),
        _with_index(outputs, default_output),
        "" if inputs or outputs else NO_DEVICE,
    )


PORTAUDIO = threading.RLock()
"""Held while a stream is opened or closed: PortAudio takes no two of these at once."""

_streams_open = 0


def streams_opened(count: int) -> None:
    """Tell that ``count`` streams were opened (negative: closed): ``find`` leaves PortAudio alone while there are any.

    For ``Headset`` and ``Ringer``; PortAudio is one for the whole process.
    """
    global _streams_open
    with PORTAUDIO:
        _streams_open = max(0, _streams_open + count)


CLOSE_WITHIN_S = 1.0
"""How long closing a stream may take: PortAudio waits for ever for a device whose sound server has died."""


def close_stream(stream: Any) -> bool:
    """Stop and close a stream of sounddevice counted by ``streams_opened``; waits ``CLOSE_WITHIN_S`` at most.

    False when the device does not let go: the stream is left to a daemon thread, and ``find`` can see no new devices
    in this process until that is through. The cure is a new process.
    """

    def close() -> None:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)

    with PORTAUDIO:
        closer = threading.Thread(target=close, name="portaudio-close", daemon=True)
        closer.start()
        closer.join(CLOSE_WITHIN_S)
        if closer.is_alive():
            return False
        streams_opened(-1)
        return True


def _defaults(sounddevice: Any) -> tuple[int, int]:
    """Indexes of the default input and output; -1 where there is none."""
    found = []
    for kind in ("input", "output"):
        try:
            found.append(int(sounddevice.query_devices(kind=kind)["index"]))
        except (sounddevice.PortAudioError, ValueError):
            found.append(-1)
    return found[0], found[1]


def _device(entry: dict[str, Any], apis: list[str], channels: str) -> Device:
    return Device(
        int(entry["index"]),
        str(entry["name"]),
        apis[int(entry["hostapi"])],
        int(entry[channels]),
        int(entry["default_samplerate"]),
    )


def _with_index(devices: Iterable[Device], index: int) -> Device | None:
    """The device with that index; else the first there is."""
    every = tuple(devices)
    return next((device for device in every if device.index == index), every[0] if every else None)


def _choose(
    devices: tuple[Device, ...], default: Device | None, wished: str, kind: str, nothing: str
) -> Choice:
    if not default:
        return Choice(None, nothing)
    if not wished:
        return Choice(default)
    wanted = wished.casefold().strip()
    # One piece of hardware is listed once per host API; the default's API is the one that works best.
    ordered = sorted(devices, key=lambda device: device.host_api != default.host_api)
    tests = (
        lambda device: device.name == wished,
        lambda device: device.name.casefold().strip() == wanted,
        # Windows cuts names to 31 characters, ALSA appends "(hw:1,0)": the wished name may be a part, or have one.
        lambda device: wanted in device.name.casefold() or device.name.casefold() in wanted,
    )
    for test in tests:
        for device in ordered:
            if test(device):
                return Choice(device)
    return Choice(default, f"The {kind} '{wished}' is not connected; using '{default.name}' instead.")
