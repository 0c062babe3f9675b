"""The sound that the benchmark of the ears carries itself, and the sentences of the two sides."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import soundfile

from tests.bench.hearing.split import held_out

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "tests" / "data" / "hold_bench"


def rows() -> list[dict[str, str]]:
    with (PLACE / "manifest.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


def sentences(path: Path) -> list[tuple[str, str]]:
    pairs = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(role, " ".join(re.findall(r"\w+", text.lower()))) for role, text in pairs]


def test_every_clip_is_there_as_telephone_sound_with_its_source() -> None:
    credits = (PLACE / "SOURCES.md").read_text(encoding="utf-8")
    for row in rows():
        info = soundfile.info(PLACE / row["file"])
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "PCM_16"), row["file"]
        assert abs(info.duration - float(row["dur_s"])) < 0.01, row["file"]
        assert row["licence"], row["file"]
        assert f"`{row['file']}`" in credits, row["file"]
    assert {path.name for path in PLACE.glob("*.flac")} == {row["file"] for row in rows()}


def test_only_voices_and_tracks_that_nothing_was_trained_on() -> None:
    assert [row["voice"] for row in rows() if not held_out(row["voice"])] == []


def test_the_two_sides_say_different_sentences_in_the_same_roles() -> None:
    training = sentences(ROOT / "packaging" / "announcements_train.tsv")
    bench = sentences(PLACE / "announcements.tsv")
    assert {role for role, _ in training} == {role for role, _ in bench}
    fives = {
        tuple(words[i : i + 5])
        for _, text in training
        for words in [text.split()]
        for i in range(len(words) - 4)
    }
    shared = [
        text
        for _, text in bench
        for words in [text.split()]
        if any(tuple(words[i : i + 5]) in fives for i in range(len(words) - 4))
    ]
    assert shared == []
    assert {text for _, text in training} & {text for _, text in bench} == set()
