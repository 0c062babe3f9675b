"""Word errors and confidence of the embedded recogniser, through the ear, after G.711.

    python tests/bench/hearing/words.py [FOLDER_WITH_manifest.csv] [--side all|train|held] [--folder-only]
                                         [--every N] [--language FOLDER] [--general] [--show]

Kinds:

- "prompts": recorded and flite prompts of the folder; "prompts kept out" are those of them that the language model's
  sentences do not hold word for word; "prompts, espeak" are spoken by espeak's plain voice.
- "practice": what the practice companies say, each in its own voice; "practice kept out" as above.
- "unseen": ``UNSEEN`` below in two voices of espeak: prompts of other businesses, written before the templates were,
  and not to be put among them.
- "people": people speaking freely; "surely a menu phrase" counts those that came out as one with a confidence over 0.5.

``--side``: voices of the folder that are held out for the benchmark, or the others (``split.py``). ``--folder-only``:
neither practice nor unseen. ``--language``: test a model made elsewhere (``build.py --into``). ``--general``: with
the acoustic model of the wheel, as it was before ``packaging/train_recogniser.py``. ``--every``: take each
N-th clip of the folder only. ``--show``: print what was said and heard wherever they differ.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import re
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.hearing import sphinx
from engine.hearing.ear import Ear
from engine.hearing.perceptions import Heard
from engine.speaking.espeak import EspeakVoice
from tests.bench.hearing.split import held_out
from tests.engine.hearing.sound import over_the_phone, silence

ROOT = Path(__file__).resolve().parents[3]
MENU = re.compile(r"\bpress\b|your call|\bhold\b|thank you for|representative|please (stay|listen|enter)")
UNSEEN_VOICES = (("en-us+klatt4", 172, 40), ("en-us+klatt6", 168, 30))
UNSEEN = """
thank you for calling riverside dental for appointments press one for questions about your bill press two
to refill a prescription press one to speak with the pharmacist press two
if you are calling about a delivery that has not arrived press three
press four to reschedule a delivery
for parking permits press two for business licenses press three
to report a broken street light press five
you have reached the county court for jury duty press one
for traffic tickets press two
to check your gift card balance press one
to reserve a table for tonight press one for catering press two
our restaurant is open every day from eleven to ten
for frequent flyer accounts press three
to change your seat or add a bag press two
your flight has been delayed to hear more press one
for roadside assistance press one to add a driver to your policy press two
to start a new claim say claim
your call will be answered in about twenty minutes to have us call you back press one
we are helping other customers right now please stay on the line
if you would prefer a call back press two and hang up
to speak with a mortgage specialist press four
to activate your new credit card please press one
to report unauthorized charges press two
for help with your password press three
if your internet is not working press one
to move your service to a new address press two
we are aware of an outage in your area our technicians are working to restore service
to buy tickets for this evening press one
for lost and found press six
the pharmacy is closed for lunch please call again after two o'clock
if you are a new patient press one if you need to cancel your visit press two
please say or enter your ten digit account number
i am sorry i did not get that please enter your zip code again
you are caller number seven in the queue
please hold your call is being transferred to the billing department
you have reached the mailbox of the maintenance department please leave a message after the beep
for heating and cooling repairs press one for plumbing press two
to rent a car press one to extend a rental press two
this is a reminder that your payment is due
to make a donation press one to volunteer press two
for admissions press one for financial aid press two
"""
Rows = Iterator[tuple[str, str, NDArray[np.int16]]]


def errors(said: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other)))
    return row[-1]


def plain(text: str) -> str:
    """Lower case without marks; one spelling for "web site" and "can not"."""
    text = " ".join(re.sub(r"[^a-z' ]", " ", text.lower()).split())
    return text.replace("web site", "website").replace("can not", "cannot")


def known_sentences() -> set[str]:
    spec = importlib.util.spec_from_file_location("build", ROOT / "resources" / "language" / "build.py")
    assert spec and spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    return {plain(" ".join(words)) for words in build.all_sentences()}


def recorded(folder: Path, every: int, side: str) -> Rows:
    rows = [
        row
        for row in csv.DictReader((folder / "manifest.csv").open(encoding="utf-8"))
        if row["lang"] == "en"
        and len(row["text"].split()) > 2
        and "digits" not in row["style"]
        and row["id"] != "recording_allison__greeting_1"
        and (side == "all" or held_out(row["voice"]) == (side == "held"))
    ]
    for row in rows[::every]:
        sound, rate = soundfile.read(folder / row["file"])
        plainly = "prompts, espeak" if "espeak" in row["voice"] else "prompts"
        yield "people" if row["cls"] == "human" else plainly, row["text"], over_the_phone(sound, rate)


def synthesised(voice: EspeakVoice, text: str) -> NDArray[np.int16]:
    return over_the_phone(voice.render(text).astype(np.float64) / 32768.0, 16000)


def practice() -> Rows:
    def prompts(part: Any) -> Iterator[tuple[str, str]]:
        if isinstance(part, dict):
            if isinstance(part.get("text"), str):
                yield part["text"], part.get("voice", "")
            for inner in part.values():
                yield from prompts(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from prompts(inner)

    for path in sorted((ROOT / "resources" / "practice" / "companies").glob("*.toml")):
        company = tomllib.loads(path.read_text("utf-8"))
        voices = {
            name: EspeakVoice(voice["espeak"], voice.get("wpm", 165), voice.get("pitch", 50))
            for name, voice in company.get("voices", {}).items()
            if "espeak" in voice
        }
        for text, name in dict.fromkeys(prompts(company.get("steps", []))):
            voice = voices.get(name) or next(iter(voices.values()), None)
            if voice is not None:
                yield "practice", text, synthesised(voice, text)


def unseen() -> Rows:
    for name, wpm, pitch in UNSEEN_VOICES:
        voice = EspeakVoice(name, wpm, pitch)
        for text in UNSEEN.strip().splitlines():
            yield "unseen", text, synthesised(voice, text)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("folder", nargs="?", type=Path)
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--side", choices=("all", "train", "held"), default="all")
    options.add_argument("--folder-only", action="store_true")
    options.add_argument("--language", type=Path)
    options.add_argument("--general", action="store_true")
    options.add_argument("--show", action="store_true")
    chosen = options.parse_args()
    known = known_sentences()
    transcriber = sphinx.SphinxTranscriber(chosen.language, adapted=not chosen.general)
    table: dict[str, list[tuple[int, int, float, bool]]] = defaultdict(list)
    spent = length = 0.0
    sources: list[Rows] = [] if chosen.folder_only else [practice(), unseen()]
    if chosen.folder:
        sources.append(recorded(chosen.folder, chosen.every, chosen.side))
    for source in sources:
        for kind, text, sound in source:
            said = plain(text)
            ear = Ear(transcriber)
            whole = np.concatenate([silence(0.5), sound, silence(1.5)])
            began = time.process_time()
            told = ear.feed(whole) + ear.finish()
            spent += time.process_time() - began
            length += len(whole) / 16000
            finals = [p for p in told if isinstance(p, Heard) and p.final]
            heard = plain(" ".join(p.text for p in finals))
            sure = float(np.mean([p.confidence for p in finals])) if finals else 0.0
            wrong = errors(said.split(), heard.split())
            entry = (wrong, len(said.split()), sure, bool(MENU.search(heard)) and sure > 0.5)
            table[kind].append(entry)
            if kind in ("prompts", "practice") and said not in known:
                table[f"{kind} kept out"].append(entry)
            if chosen.show and wrong:
                print(f"{kind} {sure:.2f}: {said}\n    {heard}")
    for kind, entries in table.items():
        wrong, words = sum(e[0] for e in entries), sum(e[1] for e in entries)
        quarters = np.percentile([e[2] for e in entries], [10, 50, 90])
        menu = sum(e[3] for e in entries)
        print(
            f"{kind:17s} {len(entries):3d} clips: word errors {100 * wrong / words:5.1f} %, confidence "
            f"{quarters[0]:.2f} {quarters[1]:.2f} {quarters[2]:.2f} (10, 50, 90 %), surely a menu phrase {menu}"
        )
    print(f"{length / spent:.1f} times real time, the whole ear")


if __name__ == "__main__":
    main()
