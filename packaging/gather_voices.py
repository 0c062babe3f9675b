"""Gather announcers, music and sung vocals for training and for the benchmark of the ears.

    python packaging/gather_voices.py FOLDER SHARED [recordings] [remade] [music] [sung]

Writes 8 kHz mono 16-bit FLAC and ``manifest.csv`` below FOLDER, in the form of SHARED (``../shared/audio``), which
it reads too. Announcers come from speech synthesis and from Debian packages of recorded prompts; what there is to
make stands in announcers.toml beside this file, the sentences in announcements_train.tsv, announcements_other.tsv,
and tests/data/hold_bench/announcements.tsv (spoken by held-out voices only: tests/bench/hearing/split.py).

Needs Debian 12 with (apt-get install) flite espeak-ng festival festvox-us-slt-hts festvox-kallpc16k festvox-kdlpc16k
festvox-italp16k festvox-itapc16k festvox-czech-dita festvox-czech-krb festvox-czech-machac festvox-czech-ph
festvox-suopuhe-lj festvox-suopuhe-mv festvox-ca-ona-hts festvox-ru; the packages of prompts and music are fetched
with apt-get download into FOLDER/packages; and Python with numpy, soundfile, soxr and pyworld. Everything chosen
by chance is chosen by a hash of its name, so that two runs give the same files.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

from tests.bench.hearing.split import held_out  # noqa: E402

RATE_HZ = 8000
LEVEL_DBFS = -26.0
CLIPS_A_VOICE = 60
SECONDS_A_VOICE = 240.0
COLUMNS = (
    "id",
    "file",
    "cls",
    "voice",
    "lang",
    "role",
    "text",
    "onset_s",
    "dur_s",
    "style",
    "licence",
    "source",
)
SOUNDS = (".wav", ".gsm", ".ogg")
BENCH_TEXTS = HERE.parent / "tests" / "data" / "hold_bench" / "announcements.tsv"
ROLES = {
    "queue-": "position",
    "transfer": "transfer",
    "hold": "hold",
    "-thank": "closing",
    "goodbye": "closing",
}


def mono(path: Path) -> np.ndarray:
    """A sound file as 8 kHz floats of -1..1; bare ``.gsm`` files are GSM 06.10 at 8 kHz."""
    if path.suffix == ".gsm":
        sound, rate = soundfile.read(path, format="RAW", subtype="GSM610", channels=1, samplerate=RATE_HZ)
    else:
        sound, rate = soundfile.read(path, always_2d=True)
        sound = sound.mean(axis=1)
    return sound if rate == RATE_HZ else soxr.resample(sound, rate, RATE_HZ, quality="VHQ")


def loud_frames(sound: np.ndarray) -> np.ndarray:
    """Power of each 20 ms of 8 kHz sound."""
    return (sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)


def speech(sound: np.ndarray) -> np.ndarray | None:
    """Speech cut to 0.15 s before its first and 0.25 s after its last sound, and levelled over what is active."""
    power = loud_frames(sound)
    if len(power) < 20 or power.max() < 1e-8:
        return None
    active = power > power.max() * 10**-3.5
    first, last = np.flatnonzero(active)[[0, -1]]
    sound = sound[max(0, int(first) * 160 - 1200) : (int(last) + 1) * 160 + 2000]
    return limited(sound * 10 ** (LEVEL_DBFS / 20) / np.sqrt(power[active].mean()))


def music(sound: np.ndarray) -> np.ndarray:
    return limited(sound * 10 ** (LEVEL_DBFS / 20) / (np.sqrt((sound**2).mean()) + 1e-9))


def limited(sound: np.ndarray) -> np.ndarray:
    """Soft above -3 dBFS, so that levelling never clips."""
    knee = 0.7
    over = np.abs(sound) > knee
    sound[over] = np.sign(sound[over]) * (
        knee + (1 - knee) * np.tanh((np.abs(sound[over]) - knee) / (1 - knee))
    )
    return sound


def shuffled(name: str, items: list) -> list:
    order = np.random.default_rng(zlib.crc32(name.encode())).permutation(len(items))
    return [items[i] for i in order]


class Gathering:
    """FOLDER and its manifest; a file that is there already is not made again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table = folder / "manifest.csv"
        folder.mkdir(parents=True, exist_ok=True)
        if not self.table.exists():
            self.table.write_text(",".join(COLUMNS) + "\n")
        self.rows = list(csv.DictReader(self.table.open(encoding="utf-8")))
        self.seconds = {row["id"]: float(row["dur_s"]) for row in self.rows}

    def add(self, kind: str, voice: str, name: str, sound: np.ndarray, **columns: str) -> float:
        """Write one clip and its row at once; seconds written."""
        identity = f"{kind}_{voice}__{name}"
        seconds = len(sound) / RATE_HZ
        if identity in self.seconds:
            return seconds
        path = self.folder / kind / f"{identity}.flac"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, sound, RATE_HZ, subtype="PCM_16")
        row = {
            "id": identity,
            "file": f"{kind}/{path.name}",
            "cls": kind,
            "voice": voice,
            "lang": "en",
        } | columns
        row["dur_s"] = f"{seconds:.2f}"
        with self.table.open("a", newline="", encoding="utf-8") as out:
            csv.DictWriter(out, COLUMNS, restval="").writerow(row)
        self.seconds[identity] = seconds
        self.rows.append(row)
        return seconds

    def package(self, name: str) -> Path:
        """Where the unpacked Debian package lies."""
        place = self.folder / "packages" / name
        if not place.exists():
            store = self.folder / "packages"
            store.mkdir(exist_ok=True)
            if not list(store.glob(f"{name}_*.deb")):
                subprocess.run(
                    ["apt-get", "download", "-q", name], cwd=store, check=True, capture_output=True
                )
            subprocess.run(["dpkg-deb", "-x", str(next(store.glob(f"{name}_*.deb"))), str(place)], check=True)
        return place


def texts(voice: str, lang: str) -> list[tuple[str, str]]:
    """(role, sentence) for a voice to say, its own order; held-out voices say the benchmark's sentences only."""
    if lang != "en":
        lines = (HERE / "announcements_other.tsv").read_text(encoding="utf-8").splitlines()
        return [(role, text) for code, role, text in (line.split("\t") for line in lines) if code == lang]
    source = BENCH_TEXTS if held_out(voice) else HERE / "announcements_train.tsv"
    pairs = [tuple(line.split("\t")) for line in source.read_text(encoding="utf-8").splitlines()]
    foreign = "español"
    order = shuffled(voice, [(role, text) for role, text in pairs if foreign not in text])
    return sorted(order, key=lambda pair: pair[0] != "agentlike")


def first(item: tuple[str, list[str]]) -> tuple[bool, bool]:
    """Held-out voices, then the others, and the slow synthesiser last."""
    voice, (engine, *_) = item
    return not held_out(voice), engine == "festival"


def synthesised(engine: str, voice: str, text: str, extra: list[str]) -> np.ndarray:
    """One sentence spoken by a synthesiser, 8 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.wav"
        said = Path(folder) / "in.txt"
        said.write_bytes(text.encode(extra[0] if engine == "festival" else "utf-8", errors="ignore"))
        command = {
            "flite": ["flite", "-voice", voice, "-f", str(said), "-o", str(out)],
            "festival": ["text2wave", "-eval", f"(voice_{voice})", "-o", str(out), str(said)],
            "espeak": ["espeak-ng", "-v", voice, "-f", str(said), "-w", str(out)],
        }[engine]
        if engine == "espeak":
            command += ["-s", extra[0], "-p", extra[1]]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return mono(out)


def unzipped(place: Path, folder: str) -> Path:
    """A folder of the package; ``archive!folder`` lies in a zip archive, which is unpacked beside it."""
    if "!" not in folder:
        return place / folder
    archive, inside = folder.split("!")
    out = place / "unzipped"
    if not (out / inside).exists():
        with zipfile.ZipFile(place / archive) as file:
            file.extractall(out, [name for name in file.namelist() if name.startswith(inside)])
    return out / inside


def recordings(gathering: Gathering, wanted: dict) -> None:
    """Announcers: recorded ones first (they are the natural ones), then held-out synthetic ones, then the others."""
    for voice, (package, folder, lang, licence, who) in wanted["recorded"].items():
        place = unzipped(gathering.package(package), folder)
        files = shuffled(voice, sorted(path for path in place.glob("*") if path.suffix in SOUNDS))
        seconds, clips = 0.0, 0
        for path in files:
            sound = speech(mono(path))
            if sound is None or not 1.3 <= len(sound) / RATE_HZ <= 20 or seconds > SECONDS_A_VOICE:
                continue
            role = next((role for part, role in ROLES.items() if part in path.stem), "prompt")
            source = f"Debian {package} {path.name} ({who})"
            columns = {
                "lang": lang,
                "role": role,
                "style": "studio-voice",
                "licence": licence,
                "source": source,
            }
            seconds += gathering.add("recording", voice, path.stem, sound, **columns)
            clips += 1
            if clips >= CLIPS_A_VOICE:
                break
        print(f"{voice}: {clips} clips, {seconds:.0f} s")
    for voice, (engine, model, lang, *extra) in sorted(wanted["synthetic"].items(), key=first):
        seconds, counts = 0.0, dict[str, int]()
        for role, text in texts(voice, lang)[:CLIPS_A_VOICE]:
            counts[role] = counts.get(role, 0) + 1
            name = f"{role}_x{counts[role]}"
            seconds += (there := gathering.seconds.get(f"recording_{voice}__{name}", 0.0))
            if there:
                continue
            if seconds > SECONDS_A_VOICE:
                break
            try:
                sound = speech(synthesised(engine, model, text, extra))
            except (subprocess.SubprocessError, soundfile.SoundFileError) as error:
                print(f"{voice} cannot say {text!r}: {error}")
                continue
            if sound is None:
                continue
            columns = {"lang": lang, "role": role, "text": text, "style": "tts"}
            source = f"synthesised with {engine} {model}"
            columns |= {"licence": "generated here (synthetic speech)", "source": source}
            seconds += gathering.add("recording", voice, name, sound, **columns)
        print(f"{voice}: {sum(counts.values())} clips, {seconds:.0f} s", flush=True)


def remade(gathering: Gathering, wanted: dict, shared: list[dict[str, str]]) -> None:
    """Other announcers out of those there are: pitch, formants and speed moved, the speaking kept."""
    from sung import moved

    rows = [*shared, *gathering.rows]
    for voice, (origin, pitch, formants, length) in sorted(
        wanted["remade"].items(), key=lambda v: not held_out(v[0])
    ):
        of = [
            row
            for row in rows
            if row["voice"] == origin and row["lang"] != "es" and 1.5 <= float(row["dur_s"]) < 16
        ]
        for row in shuffled(voice, of)[:40]:
            name = row["id"].split("__")[1]
            if f"recording_{voice}__{name}" in gathering.seconds:
                continue
            sound = speech(
                moved(
                    mono(Path(row["path"])) if "path" in row else mono(gathering.folder / row["file"]),
                    pitch,
                    formants,
                    length,
                )
            )
            if sound is not None:
                kept = {key: row[key] for key in ("lang", "role", "text", "licence")}
                source = f"{origin} remade (pitch {pitch}, formants {formants}): {row['source']}"
                gathering.add(
                    "recording", voice, name, sound, style=f"{row['style']}, remade", source=source, **kept
                )
        print(voice, flush=True)


def tracks(gathering: Gathering, wanted: dict) -> Iterator[tuple[str, str, str, Path]]:
    for package, (licence, pattern, most) in wanted["music"].items():
        files = [
            path for path in sorted(gathering.package(package).glob(pattern)) if path.stat().st_size > 900_000
        ]
        for path in shuffled(package, files)[:most]:
            yield package, path.stem.replace(" ", "_"), licence, path


def instrumentals(gathering: Gathering, wanted: dict) -> None:
    """60 s of each track, from 15 s on where it is long enough."""
    for package, stem, licence, path in tracks(gathering, wanted):
        voice = f"{package.removesuffix('-ogg').removesuffix('-data').removesuffix('-music')}-{stem}"
        if f"music_{voice}__hold" in gathering.seconds:
            continue
        start = 15 if soundfile.info(path).duration > 80 else 0
        with soundfile.SoundFile(path) as file:
            file.read(int(start * file.samplerate))
            part = file.read(int(60 * file.samplerate), always_2d=True).mean(axis=1)
            sound = music(soxr.resample(part, file.samplerate, RATE_HZ, quality="VHQ"))
        source = f"Debian {package} {path.name} {start}-{start + 60} s"
        gathering.add("music", voice, "hold", sound, role="hold", licence=licence, source=source)
        print(voice, "held out" if held_out(voice) else "training", flush=True)


def main() -> None:
    folder, shared_folder, *parts = sys.argv[1:]
    gathering = Gathering(Path(folder))
    wanted = tomllib.loads((HERE / "announcers.toml").read_text(encoding="utf-8"))
    shared = list(csv.DictReader((Path(shared_folder) / "manifest.csv").open(encoding="utf-8")))
    for row in shared:
        row["path"] = str(Path(shared_folder) / row["file"])
    if not parts or "recordings" in parts:
        recordings(gathering, wanted)
    if not parts or "music" in parts:
        instrumentals(gathering, wanted)
    if not parts or "remade" in parts:
        remade(gathering, wanted, shared)
    if not parts or "sung" in parts:
        from sung import songs

        songs(gathering, shared)


if __name__ == "__main__":
    main()
