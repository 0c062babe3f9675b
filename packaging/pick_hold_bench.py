"""Copy the part of the held-out sound that the project carries itself: tests/data/hold_bench.

    python packaging/pick_hold_bench.py FOLDER SHARED

FOLDER as packaging/gather_voices.py makes it, SHARED ``../shared/audio``. Thirteen announcers with a dozen clips each,
music and songs of 40 s, and a few people, all held out and all under licences that let them be passed on. Writes
manifest.csv and SOURCES.md beside the clips.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import soundfile
from gather_voices import COLUMNS, HERE, shuffled

from tests.bench.hearing.split import held_out

PLACE = HERE.parent / "tests" / "data" / "hold_bench"
CLIPS_A_VOICE = 12
EXCERPT_S = 40.0
ANNOUNCERS = (
    *(
        "warzone-tutor",
        "armelle",
        "ivrvoice-ru",
        "menardi",
        "flite-slt",
        "festival-slt-hts",
        "slt-deep",
        "festival-ked",
    ),
    *("espeak-klatt-gb", "espeak-scotland-f4", "espeak-annie", "espeak-rp-m7", "espeak-nyc-f5"),
)
TRACKS = (
    "moh-reno_project-system",
    "lincity-ng-03_-_Robert_van_Herk_-_Architectural_Contemplations",
    "asc-frontiers",
    "widelands-ingame_13",
)
SONGS = ("joshua-morin-on-the-run", "spleeter-example", "sung-kept-1", "sung-kept-4")
PEOPLE = 6
PASSED_ON = ("CC-BY-4.0", "MIT", "Apache-2.0")

ABOUT = """# Sound of the held-out voices and tracks

The part of the benchmark's sound that the project carries: nothing was trained or tuned on these voices and tracks
(`tests/bench/hearing/split.py`). 8 kHz mono 16-bit FLAC, speech at -26 dBFS active level, music at -26 dBFS RMS.
`manifest.csv` says what each file is; `announcements.tsv` holds the sentences that the synthetic voices say. Written by
`packaging/pick_hold_bench.py` from the output of `packaging/gather_voices.py` and `../shared/audio`.

* armelle: Armelle Desjardins; Copyright (C) 2006 Michel Gutierrez. Redistribution and use, with or without
  modification, are permitted provided that this notice and the following disclaimer are kept and that the names of
  Indigen Solutions and its contributors, contractors and employees are not used to endorse or promote products derived
  from it. Provided "as is", without warranty of any kind, express or implied; in no event shall the regents or
  contributors be liable for any damages arising in any way out of its use.
* ivrvoice-ru: recorded for Asterisk by ivrvoice.ru, CC-BY-3.0. menardi: Paola Dal Zot, copyright
  2006-2011 Marco Menardi, CC-BY-SA-3.0.
* warzone-tutor: the spoken instructions of Warzone 2100, Copyright 1999-2004 Eidos Interactive, 2005-2013 Warzone
  2100 Project, GPL-2 or later.
* Synthetic voices: made here with flite, festival and espeak-ng; slt-deep is festival's slt with another pitch and
  vocal tract. No rights reserved.
* Songs `sung-kept-N`: made here by `packaging/sung.py` from a reader of LibriSpeech (CC-BY-4.0) and a track of
  Endgame: Singularity (Copyright 2012 Max McCracken, CC-BY-SA-3.0); passed on under CC-BY-SA-4.0.
* moh-reno_project-system: reno project, opsound collection, CC-BY-SA-3.0. Joshua Morin, "On the run", CC-BY-SA-2.5.
  spleeter-example: "Slow Motion Dream" by Steven M Bryant ft. CSoul, Alex Beroza and Robert Siekawitch, CC-BY-3.0.
* Music of LinCity-NG (Robert van Herk), ASC and Widelands: GPL-2 or later, as their Debian packages say.

Cut to 40 s where longer. File by file:
"""


def announcers(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """A dozen of each voice, as many roles as there are before a second of any."""
    picked = []
    for voice in ANNOUNCERS:
        turn: dict[str, int] = {}
        ranked = []
        for row in shuffled(
            voice, [row for row in rows if row["voice"] == voice and 1.3 <= float(row["dur_s"]) <= 16]
        ):
            turn[row["role"]] = turn.get(row["role"], 0) + 1
            ranked.append((turn[row["role"]], row["role"] != "agentlike", row))
        picked += [row for *_, row in sorted(ranked, key=lambda item: item[:2])[:CLIPS_A_VOICE]]
    return picked


def people(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """People of different styles, the freest speech first."""
    wanted = ("spontaneous", "assistant", "dialogue", "conversation", "read-nonnative", "read")
    able = [
        row
        for row in rows
        if row["cls"] == "human"
        and held_out(row["voice"])
        and row["licence"] in PASSED_ON
        and "+" not in row["voice"]
    ]
    by_style = [shuffled(style, [row for row in able if row["style"] == style]) for style in wanted]
    turns = [row for turn in range(PEOPLE) for rows in by_style for row in rows[turn : turn + 1]]
    return turns[:PEOPLE]


def main() -> None:
    rows = []
    for folder in map(Path, sys.argv[1:3]):
        for row in csv.DictReader((folder / "manifest.csv").open(encoding="utf-8")):
            rows.append(row | {"path": str(folder / row["file"])})
    long = [row for name in (*TRACKS, *SONGS) for row in rows if row["voice"] == name]
    PLACE.mkdir(parents=True, exist_ok=True)
    for old in PLACE.glob("*.flac"):
        old.unlink()
    with (PLACE / "manifest.csv").open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
        table.writeheader()
        credits = [ABOUT]
        for row in (*announcers(rows), *long, *people(rows)):
            if not held_out(row["voice"]):
                raise SystemExit(f"{row['voice']} is for training (tests/bench/hearing/split.py)")
            sound, rate = soundfile.read(row["path"], dtype="int16")
            if row["cls"] in ("music", "vocals"):
                sound = sound[: int(EXCERPT_S * rate)]
            name = Path(row["file"]).name.replace(" ", "_")
            soundfile.write(PLACE / name, sound, rate, subtype="PCM_16")
            table.writerow(row | {"file": name, "dur_s": f"{len(sound) / rate:.2f}"})
            credits.append(f"* `{name}` <- {row['source']} ({row['licence']})")
    (PLACE / "SOURCES.md").write_text("\n".join(credits) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
