"""Finding devices, with and without a sound system, and choosing among them."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from engine.audio import devices
from engine.audio.devices import Device, Devices

from .conftest import SILENT, SoundSystem

USB_IN = Device(3, "USB Headset: Audio (hw:1,0)", "ALSA", 1, 48_000)
BUILT_IN = Device(0, "Built-in Microphone", "ALSA", 2, 48_000)
USB_OUT = Device(4, "USB Headset: Audio (hw:1,0)", "ALSA", 2, 48_000)
SPEAKERS = Device(1, "Built-in Speakers", "ALSA", 2, 48_000)
SAME_ELSEWHERE = Device(9, "USB Headset: Audio (hw:1,0)", "OSS", 2, 48_000)
DESK = Devices((BUILT_IN, USB_IN), (SAME_ELSEWHERE, SPEAKERS, USB_OUT), BUILT_IN, SPEAKERS)


def test_no_name_means_the_default() -> None:
    assert DESK.microphone().device is BUILT_IN
    assert DESK.speaker().device is SPEAKERS
    assert DESK.ringer().text == ""


@pytest.mark.parametrize(
    "name",
    [
        "USB Headset: Audio (hw:1,0)",
        "usb headset: audio (HW:1,0) ",
        "USB Headset",
        "USB Headset: Audio (hw:1,0) 2",
    ],
)
def test_a_device_is_found_by_its_name_or_a_part_of_it_on_the_default_s_host_api(name: str) -> None:
    assert DESK.speaker(name).device is USB_OUT
    assert DESK.microphone(name).text == ""


def test_a_device_that_is_gone_is_replaced_and_said_so() -> None:
    choice = DESK.microphone("Studio XLR")
    assert choice.device is BUILT_IN
    assert choice.text == "The microphone 'Studio XLR' is not connected; using 'Built-in Microphone' instead."
    assert "ring device 'Studio'" in DESK.ringer("Studio").text


def test_the_state_names_what_is_used_and_says_what_is_missing() -> None:
    state = DESK.state(12.5, "USB Headset", "", "Studio XLR")
    assert (state.at, state.microphone, state.speaker, state.ringer) == (
        12.5,
        USB_IN.name,
        SPEAKERS.name,
        SPEAKERS.name,
    )
    assert state.text == "The ring device 'Studio XLR' is not connected; using 'Built-in Speakers' instead."
    deaf = Devices((BUILT_IN,), (), BUILT_IN, None).state(0.0)
    assert (deaf.microphone, deaf.speaker, deaf.ringer) == (BUILT_IN.name, "", "")
    assert deaf.text == devices.NO_SPEAKER
    dumb = Devices((), (SPEAKERS,), None, SPEAKERS).state(0.0)
    assert dumb.text == devices.NO_MICROPHONE
    assert Devices(problem=devices.NO_DEVICE).state(0.0).text == devices.NO_DEVICE


@pytest.mark.usefixtures("no_sound_system")
def test_a_machine_without_sound_is_a_state_with_a_sentence() -> None:
    found = devices.find()
    assert (found.inputs, found.outputs, found.default_input, found.default_output) == ((), (), None, None)
    assert found.problem == devices.NO_DEVICE
    assert found.speaker().device is None
    assert found.speaker("USB").text == devices.NO_DEVICE


def test_a_machine_without_portaudio_is_a_state_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_it(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_it)
    found = devices.find()
    assert "apt install libportaudio2" in found.problem
    assert found.microphone().text == found.problem


def test_devices_of_a_real_sound_system_are_found_by_name(sound_system: SoundSystem) -> None:
    found = devices.find()
    assert found.problem == ""
    assert found.microphone("mic").name == "mic"
    assert found.speaker("spk").name == "spk"
    assert found.ringer("bell").name == "bell"
    assert found.default_input and found.default_output


def test_a_device_that_comes_later_is_seen(
    sound_system: SoundSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        (sound_system.folder / "none.conf").write_text(SILENT)
        patch.setenv("PULSE_SERVER", "unix:/nowhere")
        patch.setenv("ALSA_CONFIG_PATH", str(sound_system.folder / "none.conf"))
        assert devices.find().problem == devices.NO_DEVICE
    assert devices.find().problem == ""
