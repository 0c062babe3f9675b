"""Word errors and confidence of the embedded recogniser, through the ear, after G.711.

    python tests/bench/hearing/words.py FOLDER_WITH_manifest.csv [EVERY]

EVERY: take each n-th clip only. "kept out" are prompts that the language model's sentences do not hold word for word.
"""

from __future__ import annotations

import csv
import importlib.util
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.hearing.ear import Ear
from engine.hearing.perceptions import Heard
from engine.hearing.sphinx import SphinxTranscriber
from tests.engine.hearing.sound import over_the_phone, silence

ROOT = Path(__file__).resolve().parents[3]
MENU = re.compile(r"\bpress\b|your call|\bhold\b|thank you for|representative|please (stay|listen|enter)")


def errors(said: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other)))
    return row[-1]


def known_sentences() -> set[str]:
    spec = importlib.util.spec_from_file_location("build", ROOT / "resources" / "language" / "build.py")
    assert spec and spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    text = (ROOT / "resources" / "language" / "phone_sentences.txt").read_text("utf-8")
    return {" ".join(words) for words in build.sentences(text)}


def main() -> None:
    folder, every = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    known, transcriber = known_sentences(), SphinxTranscriber()
    rows = [
        row
        for row in csv.DictReader((folder / "manifest.csv").open(encoding="utf-8"))
        if row["lang"] == "en"
        and len(row["text"].split()) > 2
        and "digits" not in row["style"]
        and row["id"] != "recording_allison__greeting_1"
    ]
    table: dict[str, list[tuple[int, int, float, bool]]] = defaultdict(list)
    for row in rows[::every]:
        said = re.sub(r"[^a-z' ]", " ", row["text"].lower()).split()
        sound, rate = soundfile.read(folder / row["file"])
        ear = Ear(transcriber)
        told = (
            ear.feed(np.concatenate([silence(0.5), over_the_phone(sound, rate), silence(1.5)])) + ear.finish()
        )
        finals = [p for p in told if isinstance(p, Heard) and p.final]
        heard = " ".join(p.text for p in finals)
        sure = float(np.mean([p.confidence for p in finals])) if finals else 0.0
        entry = (errors(said, heard.split()), len(said), sure, bool(MENU.search(heard)) and sure > 0.5)
        kind = (
            "people"
            if row["cls"] == "human"
            else "prompts, espeak"
            if "espeak" in row["voice"]
            else "prompts"
        )
        table[kind].append(entry)
        if kind == "prompts" and " ".join(said) not in known:
            table["prompts kept out"].append(entry)
    for kind, entries in table.items():
        wrong, words = sum(e[0] for e in entries), sum(e[1] for e in entries)
        quarters = np.percentile([e[2] for e in entries], [10, 50, 90])
        menu = sum(e[3] for e in entries)
        print(
            f"{kind:17s} {len(entries):3d} clips: word errors {100 * wrong / words:5.1f} %, confidence "
            f"{quarters[0]:.2f} {quarters[1]:.2f} {quarters[2]:.2f} (10, 50, 90 %), surely a menu phrase {menu}"
        )


if __name__ == "__main__":
    main()
