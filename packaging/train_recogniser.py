"""Adapt the embedded recogniser's acoustic model to what is said on telephone lines, and how it comes through.

    python packaging/train_recogniser.py FOLDER SHARED [--sentences 90] [--out FOLDER]

The general model (en-us of the pocketsphinx wheel) has heard people near a microphone. Here its densities are moved
towards announcers behind a telephone line: maximum a posteriori adaptation of means and mixture weights (Gauvain and
Lee 1994; ``bw`` and ``map_adapt`` of the Debian package sphinxtrain), one pass; the variances stay (moving them cost
what was gained on voices that were left out), and a second pass helped only voices it had heard.

- synthetic announcers of ``announcers.toml`` that are not held out for the benchmark, each with sentences of the
  language model (``resources/language``) and ``announcements_train.tsv``;
- Allison Smith's Asterisk prompts (Debian, CC-BY-SA-3.0), with their published texts; one in four is kept aside, and
  so is every sentence that ``tests/bench/hearing/words.py`` counts as a recorded prompt;
- people of SHARED who are not held out and whose words are known.

Each goes through drawn telephone channels; every other one is also spoken a little faster and higher, or slower and
deeper. Debian packages: sphinxtrain sphinxbase-utils pocketsphinx espeak-ng flite festival festvox-kallpc16k.
Takes five minutes on two cores. Writes ``telephone.means`` and ``telephone.sendump``, which go with the rest of
the wheel's model. Measure with ``tests/bench/hearing/words.py --general`` and without.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib.util
import re
import shutil
import struct
import subprocess
import sys
import tomllib
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from gather_voices import Gathering, mono, speech, synthesised

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.hearing.pronunciation import pronounce  # noqa: E402
from engine.hearing.sphinx import CEPSTRAL_MEAN  # noqa: E402
from tests.bench.hearing import channel  # noqa: E402
from tests.bench.hearing.split import held_out  # noqa: E402
from tests.bench.hearing.words import plain  # noqa: E402

TOOLS = Path("/usr/lib/sphinxtrain")
PROMPTS = "usr/share/asterisk/sounds/en_US_f_Allison"
TEXTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
REPEATS = 6
"""Channels for each recorded clip: there are fewer of them than of synthetic ones."""
WARP = 0.15
"""Largest change of speed and pitch, natural logarithm."""
PASSES = 2
"""Parts that are heard side by side."""
CODEBOOKS = {"feat": "1s_c_d_dd", "svspec": "0-12/13-25/26-38", "agc": "none", "cmn": "none", "varnorm": "no"}
FRONT_END = ("lowerf", "upperf", "nfilt", "transform", "lifter", "remove_noise")
STREAMS, DENSITIES = 3, 128


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence and how to come by its sound: a file, or a synthesiser's engine, voice and further arguments."""

    name: str
    text: str
    file: Path | None = None
    voice: tuple[str, str, list[str]] | None = None

    def sound(self) -> np.ndarray | None:
        """Mono, 8 kHz, levelled; None for silence."""
        if self.voice is not None:
            engine, voice, extra = self.voice
            return speech(synthesised(engine, voice, self.text, extra))
        assert self.file is not None
        return speech(mono(self.file))


def spoken(line: Line) -> np.ndarray | None:
    """The line as the tap of a call gives it: through a drawn channel, int16 at 16 kHz."""
    random = np.random.default_rng(zlib.crc32(line.name.encode()))
    sound = line.sound()
    if sound is None:
        return None
    if random.random() < 0.5:
        sound = soxr.resample(sound, 8000, 8000 * float(np.exp(random.uniform(-WARP, WARP))))
    before, after = (np.zeros(int(random.uniform(*s) * 8000)) for s in ((0.1, 0.4), (0.2, 0.5)))
    sent = np.concatenate([before, sound, after]).astype(np.float32)
    received = channel.through(sent, channel.draw(random)) / 32768.0
    whole = soxr.resample(received, 8000, 16000) * 32767 + random.integers(-2, 3, 2 * len(received))
    return np.asarray(whole.clip(-32768, 32767), "<i2")


def language_sentences() -> list[str]:
    """What the language model was made of, where a sentence is neither a scrap nor a speech."""
    spec = importlib.util.spec_from_file_location("build", ROOT / "resources" / "language" / "build.py")
    assert spec and spec.loader
    build: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    return sorted({" ".join(words) for words in build.all_sentences() if 4 <= len(words) <= 22})


def synthetic(sentences: int) -> Iterator[Line]:
    """Lines of the synthetic announcers of the training side."""
    wanted = tomllib.loads((ROOT / "packaging" / "announcers.toml").read_text("utf-8"))["synthetic"]
    store = language_sentences()
    rows = (ROOT / "packaging" / "announcements_train.tsv").read_text("utf-8").splitlines()
    announcements = [plain(row.split("\t")[1]) for row in rows if "español" not in row]
    for number, (voice, (engine, model, lang, *extra)) in enumerate(wanted.items()):
        if lang != "en" or held_out(voice):
            continue
        chosen = np.random.default_rng(number).choice(len(store), sentences, replace=False)
        for place, text in enumerate([*(store[i] for i in chosen), *announcements]):
            yield Line(f"{voice}_{place}", text, voice=(engine, model, extra))


def recorded(gathering: Gathering, shared: Path) -> Iterator[Line]:
    """Allison's prompts and the people of the shared clips."""
    rows = [
        row
        for row in csv.DictReader((shared / "manifest.csv").open(encoding="utf-8"))
        if row["lang"] == "en" and row["text"]
    ]
    counted = {plain(row["text"]) for row in rows if row["cls"] == "recording"}
    sounds = gathering.package("asterisk-core-sounds-en-wav") / PROMPTS
    with gzip.open(gathering.package("asterisk-core-sounds-en") / TEXTS, "rt", errors="replace") as texts:
        for row in texts:
            name, _, text = row.partition(":")
            text = plain(re.sub(r"[\[(<].*?[\])>]", " ", text))
            path = sounds / f"{name.strip()}.wav"
            aside = zlib.crc32(name.encode()) % 4 == 0 or any(text in said for said in counted)
            if path.exists() and text and "beep" not in text and not aside:
                for repeat in range(REPEATS):
                    yield Line(f"allison_{name.strip().replace('/', '-')}_{repeat}", text, file=path)
    for person in rows:
        if person["cls"] == "human" and not held_out(person["voice"]):
            for repeat in range(REPEATS):
                yield Line(f"{person['id']}_{repeat}", plain(person["text"]), file=shared / person["file"])


def dictionary(paths: Sequence[Path]) -> dict[str, list[str]]:
    """Pronunciations of the words, those of the first file first."""
    found: dict[str, list[str]] = {}
    for path in paths:
        for row in path.read_text("utf-8").splitlines():
            word, _, phones = row.partition(" ")
            ways = found.setdefault(re.sub(r"\(\d+\)$", "", word), [])
            if phones and phones.strip() not in ways:
                ways.append(phones.strip())
    return found


def write_utterances(work: Path, lines: Sequence[Line], known: dict[str, list[str]]) -> int:
    """Sounds, their list, transcripts and the dictionary as ``bw`` wants them; how many there are."""
    first = {word: ways[0] for word, ways in known.items() if ways}
    used: dict[str, list[str]] = {}

    def one(line: Line) -> Line | None:
        sound = spoken(line)
        if sound is None or any(not (word in known or pronounce(word, first)) for word in line.text.split()):
            return None
        sound.tofile(work / f"{line.name}.raw")
        return line

    with ThreadPoolExecutor(PASSES) as workers:
        done = [line for line in workers.map(one, lines) if line is not None]
    for line in done:
        for word in line.text.split():
            used[word] = known.get(word) or [str(pronounce(word, first))]
    (work / "ids").write_text("".join(f"{line.name}\n" for line in done))
    (work / "texts").write_text("".join(f"<s> {line.text} </s> ({line.name})\n" for line in done))
    with (work / "dict").open("w", encoding="utf-8") as out:
        for word, ways in sorted(used.items()):
            for number, phones in enumerate(ways, 1):
                out.write(f"{word}{'' if number == 1 else f'({number})'} {phones}\n")
    return len(done)


def tool(name: str, **options: object) -> list[str]:
    """A command line of sphinxtrain or sphinxbase."""
    path = TOOLS / name
    flags = [part for key, value in options.items() for part in (f"-{key}", str(value))]
    return [str(path) if path.exists() else name, *flags]


def run(command: Sequence[str], work: Path) -> None:
    """Run it in ``work``; its complaints go to a file beside."""
    with (work / f"{Path(command[0]).name}.log").open("a") as log:
        subprocess.run(command, cwd=work, check=True, stdout=log, stderr=log)


def mixture_weights(sendump: Path) -> np.ndarray:
    """The weights (senones, streams, densities) of a pocketsphinx dump: bytes, logarithm to base 1.0001 / 1024."""
    raw = sendump.read_bytes()
    at = 0
    while size := struct.unpack_from("<i", raw, at)[0]:
        at += 4 + size
    densities, senones = struct.unpack_from("<ii", raw, at + 4)
    assert densities == DENSITIES
    steps = np.frombuffer(raw, np.uint8, offset=at + 12).reshape(STREAMS, DENSITIES, senones)
    return np.asarray((1.0001 ** (-1024.0 * steps)).transpose(2, 0, 1), np.float32)


def write_weights(path: Path, weights: np.ndarray) -> None:
    """In the s3 form of sphinxtrain, with its checksum."""
    body = struct.pack("<iiii", *weights.shape, weights.size) + weights.astype("<f4").tobytes()
    checksum = 0
    for value in np.frombuffer(body, "<u4").tolist():
        checksum = (((checksum << 20) | (checksum >> 12)) + value) & 0xFFFFFFFF
    header = b"s3\nversion 1.0\nchksum0 yes\nendhdr\n" + struct.pack("<I", 0x11223344)
    path.write_bytes(header + body + struct.pack("<I", checksum))


def centre(work: Path) -> None:
    """Take the recogniser's fixed cepstral mean from the features, as it does in a call."""
    mean = np.array([float(value) for value in CEPSTRAL_MEAN.split(",")], np.float32)
    for path in work.glob("*.mfc"):
        found = np.fromfile(path, "<f4", offset=4).reshape(-1, len(mean)) - mean
        with path.open("wb") as out:
            np.array([found.size], "<i4").tofile(out)
            found.astype("<f4").tofile(out)


def adapt(work: Path, model: Path, out: Path) -> None:
    """From the utterances in ``work`` to the two files in ``out``."""
    features = dict(row.lstrip("-").split() for row in (model / "feat.params").read_text().splitlines())
    front_end = {key: features[key] for key in FRONT_END}
    run([*tool("pocketsphinx_mdef_convert"), "-text", str(model / "mdef"), "mdef"], work)
    # bw reads brackets as alternatives
    (work / "fillers").write_text((model / "noisedict").read_text().replace("[", "++").replace("]", "++"))
    write_weights(work / "weights", mixture_weights(model / "sendump"))
    files = {"c": "ids", "di": ".", "do": ".", "ei": "raw", "eo": "mfc", "raw": "yes"}
    run(tool("sphinx_fe", samprate=16000, remove_silence="no", **front_end, **files), work)
    centre(work)
    of_model = {
        "moddeffn": "mdef",
        "ts2cbfn": ".ptm.",
        "mixwfn": "weights",
        "meanfn": model / "means",
        "varfn": model / "variances",
        "tmatfn": model / "transition_matrices",
    }
    texts = {"dictfn": "dict", "fdictfn": "fillers", "ctlfn": "ids", "lsnfn": "texts", "cepdir": "."}
    parts = []
    for part in range(1, PASSES + 1):
        (work / f"counts{part}").mkdir(exist_ok=True)
        split = {"part": part, "npart": PASSES, "accumdir": f"counts{part}", "timing": "no"}
        command = tool("bw", **of_model, **CODEBOOKS, **texts, **split)
        with (work / f"bw{part}.log").open("w") as log:
            parts.append(subprocess.Popen(command, cwd=work, stdout=log, stderr=log))
    if any(part.wait() for part in parts):
        raise SystemExit(f"bw failed; its reasons are in {work}/bw1.log and bw2.log.")
    counts = ",".join(f"counts{part}" for part in range(1, PASSES + 1))
    run(tool("map_adapt", **of_model, accumdir=counts, mapmeanfn="means", mapmixwfn="adapted"), work)
    dump = {"moddeffn": "mdef", "mixwfn": "adapted", "sendumpfn": "sendump"}
    run(tool("mk_s2sendump", pocketsphinx="yes", **dump), work)
    for name in ("means", "sendump"):
        shutil.copyfile(work / name, out / f"telephone.{name}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where gather_voices.py works")
    parser.add_argument("shared", type=Path, help="the shared clips, with manifest.csv")
    parser.add_argument("--sentences", type=int, default=90)
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "models")
    asked = parser.parse_args()
    from pocketsphinx import get_model_path

    work = asked.folder / "recogniser"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    lines = [*synthetic(asked.sentences), *recorded(Gathering(asked.folder), asked.shared)]
    known = dictionary(
        [Path(get_model_path("en-us/cmudict-en-us.dict")), ROOT / "resources" / "language" / "phone.dict"]
    )
    print(write_utterances(work, lines, known), "utterances", flush=True)
    adapt(work, Path(get_model_path("en-us/en-us")), asked.out)


if __name__ == "__main__":
    main()
