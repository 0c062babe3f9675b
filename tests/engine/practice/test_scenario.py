"""The shipped companies are well formed, and a file that is not is told of in a sentence."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import soundfile

import resources
from engine.practice import clips, scenario
from engine.practice.scenario import Scenario, ScenarioError
from engine.practice.steps import Hold, Person, successors

NAMES = scenario.names()

GOOD = """
name = "Shop"
story = "greets and hangs up"
start = "hello"
[voices.announcer]
espeak = "en-us"
[[steps]]
id = "hello"
kind = "say"
prompt = [{ text = "hello" }]
next = "bye"
[[steps]]
id = "bye"
kind = "hangup"
because = "that is all"
[[intents]]
words = "anything"
outcome = "closed"
"""


def persons(company: Scenario) -> list[Person]:
    return [step for step in company.steps if isinstance(step, Person)]


def clips_of(company: Scenario) -> set[str]:
    used = {part.clip for _, part in company.parts() if part.clip}
    used |= {step.music for step in company.steps if isinstance(step, Hold) and step.music}
    return used | {clip for step in persons(company) for clip in (step.greeting, *step.again, *step.reply)}


def test_there_are_the_companies_that_the_tests_need() -> None:
    assert len(NAMES) >= 12
    outcomes = {scenario.load(name).intent.outcome for name in NAMES}
    assert outcomes >= {
        "human",
        "busy",
        "not_in_service",
        "no_answer",
        "voicemail",
        "closed",
        "dropped",
        "callback_offered",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_company_is_well_formed(name: str) -> None:
    company = scenario.load(name)
    assert company.id == name
    assert len(company.intents) >= 2
    reaches = {intent.outcome == "human" for intent in company.intents}
    assert reaches == {bool(persons(company))}
    assert len({step.id for step in company.steps} | {"-"}) == len(company.steps) + 1
    assert all(company.step(to) for step in company.steps for to in successors(step))


def test_every_person_and_every_music_of_theirs_is_another() -> None:
    with_person = [company for name in NAMES if persons(company := scenario.load(name))]
    speakers = [person.speaker for company in with_person for person in persons(company)]
    music = [s.music for company in with_person for s in company.steps if isinstance(s, Hold) and s.music]
    assert len(set(speakers)) == len(speakers) >= 8
    assert len(set(music)) == len(music) >= 7


def test_every_clip_is_there_small_attributed_and_used() -> None:
    folder = resources.locate(*clips.FOLDER)
    sources = resources.locate("practice", "SOURCES.md").read_text(encoding="utf-8")
    files = {path.stem for path in folder.glob("*.flac")}
    assert files == set(clips.index())
    assert files == {clip for name in NAMES for clip in clips_of(scenario.load(name))}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 12_000_000
    for id, clip in clips.index().items():
        assert f"| `{id}` | {clip.voice} |" in sources
        info = soundfile.info(folder / clip.file)
        assert (info.samplerate, info.channels, info.format) == (8000, 1, "FLAC")
        assert clip.onset_s < info.duration
        assert info.duration <= 60.5


def test_a_file_of_ones_own_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "my-shop.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert scenario.load(path).id == "my-shop"
    assert scenario.load(str(path)).intent.words == "anything"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('next = "bye"', 'next = "by"', "step 'hello' leads to 'by', which is no step"),
        ('start = "hello"', 'start = "start"', "it starts at 'start', which is no step of it"),
        ('id = "bye"', 'id = "hello"', "two steps have the id 'hello'"),
        ('start = "hello"', 'start = "bye"', "step 'hello' cannot be reached"),
        ("voices.announcer", "voices.other", "is spoken by 'announcer', which is none of its voices"),
        ('text = "hello"', 'clip = "hello"', "uses the clip 'hello', which is not there"),
        ('text = "hello"', 'text = "hello", tone = "beep"', "one of clip, text, tone or pause_s"),
        ('kind = "say"', 'kind = "sing"', "'sing'"),
        ('outcome = "closed"', 'outcome = "great"', "the outcome 'great' is none of human, busy"),
        ('name = "Shop"', 'nome = "Shop"', "Field required (at name)"),
        ('because = "that is all"', "", "because"),
        ('story = "greets and hangs up"', "story = 7", "valid string (at story)"),
        ('name = "Shop"', "name = ", "is damaged: it is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "shop.toml"
    assert GOOD.count(old) == 1
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    assert str(path) in str(caught.value)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_company_that_refuses_has_no_steps(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(GOOD.replace("[voices", "[reception]\nrefuse = 486\n[voices"), encoding="utf-8")
    with pytest.raises(ScenarioError, match="refuses the call has no steps"):
        scenario.load(path)


def test_a_person_speaks_with_one_voice(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    text = resources.locate(*scenario.FOLDER, "smith-household.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('again = ["libri-3259-2"]', 'again = ["libri-2136-2"]'), encoding="utf-8")
    with pytest.raises(ScenarioError, match="the clip 'libri-2136-2' is not spoken by 'libri-3259'"):
        scenario.load(path)


def test_missing_and_unreadable_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(
        ScenarioError, match=r"no practice company called 'no-such'\. There are: apex-electronics, "
    ):
        scenario.load("no-such")
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        scenario.load(tmp_path / "gone.toml")
    noise = tmp_path / "noise.toml"
    noise.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ScenarioError, match="cannot be read: it is not a text file"):
        scenario.load(noise)


def test_names_are_sorted() -> None:
    assert all(one < other for one, other in pairwise(NAMES))
