"""A real sound system with no hardware: PulseAudio with a null sink to play to and one to be the microphone.

The daemon belongs to the test run and is killed at its end. PortAudio reaches it through ALSA's pulse plugin.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

RATE = 48_000
NEEDED = ("pulseaudio", "parec", "pacat", "pactl")

ASOUND = """
<{alsa}>
pcm.spk {{ type pulse device spk hint {{ show on description "Pretend speaker" }} }}
pcm.mic {{ type pulse device micsink.monitor hint {{ show on description "Pretend microphone" }} }}
pcm.bell {{ type pulse device bell hint {{ show on description "Pretend ring device" }} }}
"""

SILENT = """
</usr/share/alsa/alsa.conf>
ctl.!hw { type nothing }
pcm.!hw { type nothing }
"""
"""ALSA without its cards. (PortAudio aborts on a configuration that lacks more.)"""


@dataclass
class SoundSystem:
    """The daemon, and the programs of its own that play and listen from outside."""

    folder: Path
    daemon: subprocess.Popen[bytes]
    environment: dict[str, str]

    def hear(self, seconds: float, sink: str = "spk", skip_s: float = 0.0) -> np.ndarray:
        """What comes out of ``sink`` during the next seconds, int16 mono at 48 kHz. Blocks so long."""
        with self.listening(sink) as out:
            data = bytearray()
            while len(data) < (seconds + skip_s) * RATE * 2:
                data += out.read1()
        return np.frombuffer(bytes(data), np.int16)[int(skip_s * RATE) : int((skip_s + seconds) * RATE)]

    def listening(self, sink: str) -> _Listening:
        return _Listening(self, sink)

    def speak(self, samples: np.ndarray) -> subprocess.Popen[bytes]:
        """Send ``samples`` (int16 mono, 48 kHz) to the microphone. The process ends when they are played."""
        file = self.folder / f"spoken-{time.monotonic_ns()}.raw"
        file.write_bytes(samples.astype("<i2").tobytes())
        with file.open("rb") as source:
            return subprocess.Popen(
                [*_pacat("--playback", "micsink"), "--latency-msec=20"], stdin=source, env=self.environment
            )

    def kill(self) -> None:
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()


class _Listening:
    def __init__(self, system: SoundSystem, sink: str) -> None:
        self._process = subprocess.Popen(
            [*_pacat("--record", f"{sink}.monitor"), "--latency-msec=20"],
            stdout=subprocess.PIPE,
            env=system.environment,
        )

    def __enter__(self):  # type: ignore[no-untyped-def]
        return self._process.stdout

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _pacat(mode: str, device: str) -> list[str]:
    return ["pacat", mode, f"--device={device}", "--raw", f"--rate={RATE}", "--format=s16le", "--channels=1"]


def _start(folder: Path) -> SoundSystem:
    for program in NEEDED:
        if shutil.which(program) is None:
            pytest.fail(
                f"The sound tests need the program {program}. "
                "Debian and Ubuntu: apt install pulseaudio pulseaudio-utils libasound2-plugins",
                pytrace=False,
            )
    alsa = Path("/usr/share/alsa/alsa.conf")
    if not alsa.exists() or not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        pytest.fail(
            "The sound tests need ALSA's pulse plugin. Debian and Ubuntu: apt install libasound2-plugins",
            pytrace=False,
        )
    folder.chmod(0o700)
    (folder / "asound.conf").write_text(ASOUND.format(alsa=alsa))
    (folder / "run").mkdir(mode=0o700)
    socket = folder / "s"
    environment = {
        **os.environ,
        "PULSE_SERVER": f"unix:{socket}",
        "PULSE_RUNTIME_PATH": str(folder / "run"),
        "PULSE_STATE_PATH": str(folder / "run"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "HOME": str(folder),
        "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
    }
    sinks = []
    for name in ("spk", "micsink", "bell"):
        sinks += ["-L", f"module-null-sink sink_name={name} rate={RATE} channels=1"]
    daemon = subprocess.Popen(
        [
            "pulseaudio",
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
            "--log-level=error",
            "-L",
            f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
            *sinks,
        ],
        env={**environment, "PULSE_SERVER": ""},
        stderr=subprocess.DEVNULL,
    )
    system = SoundSystem(folder, daemon, environment)
    give_up_at = time.monotonic() + 15
    while subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False).returncode:
        if daemon.poll() is not None or time.monotonic() > give_up_at:
            system.kill()
            pytest.fail("PulseAudio did not start for the sound tests.", pytrace=False)
        time.sleep(0.05)
    return system


@pytest.fixture
def sound_system(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundSystem]:
    """A PulseAudio of its own for one test, with devices "spk", "mic" and "bell" for PortAudio."""
    with tempfile.TemporaryDirectory(prefix="hs-pulse-") as folder:
        system = _start(Path(folder))
        for name in ("PULSE_SERVER", "PULSE_RUNTIME_PATH", "ALSA_CONFIG_PATH"):
            monkeypatch.setenv(name, system.environment[name])
        # A null sink nobody plays to swallows the first two seconds of the next stream: keep it awake.
        awake = []
        with Path("/dev/zero").open("rb") as zero:
            for sink in ("spk", "bell", "micsink"):
                awake.append(
                    subprocess.Popen(
                        [*_pacat("--playback", sink), "--latency-msec=20"], stdin=zero, env=system.environment
                    )
                )
        try:
            yield system
        finally:
            for process in awake:
                process.kill()
                process.wait()
            system.kill()


@pytest.fixture
def no_sound_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any sound device."""
    (tmp_path / "asound.conf").write_text(SILENT)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere")
