"""The examination: what is fine, absent, broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app import examination
from app.examination import State
from engine.settings import Deciding, Hearing, Settings
from tests.app.conftest import Ran


async def _fine() -> tuple[State, str]:
    return State.FINE, "works"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out what starts processes and loads models."""
    monkeypatch.setattr(examination, "_line", _fine)
    for slow in ("_recogniser", "_devices", "_matcher"):
        monkeypatch.setattr(examination, slow, lambda settings: (State.ABSENT, "left out"))


@pytest.mark.usefixtures("quick")
def test_all_is_well(holdslayer: Callable[..., Ran]) -> None:
    ran = holdslayer("doctor", "--json")
    states = {line["subject"]: line["state"] for line in ran.lines}
    assert (ran.code, ran.err) == (0, "")
    assert states["libraries"] == states["voice"] == states["call flows"] == "ok"
    assert states["passwords"] == "absent", "there is no keyring in a test"
    assert states["accounts"] == "absent"
    assert "broken" not in states.values()
    shown = holdslayer("doctor")
    assert shown.code == 0
    assert all(str(subject) in shown.out for subject in states)


@pytest.mark.usefixtures("quick")
def test_what_is_broken_is_named_and_the_rest_is_looked_at(
    holdslayer: Callable[..., Ran], home: Path
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_text("{")
    (home / "data" / "flows").mkdir(parents=True)
    (home / "data" / "flows" / "x.json").write_text("{")
    ran = holdslayer("doctor", "--json")
    assert ran.code == 1
    states = {line["subject"]: line["state"] for line in ran.lines}
    assert [subject for subject, state in states.items() if state == "broken"] == ["settings", "call flows"]
    assert "settings, call flows" in ran.err


@pytest.mark.usefixtures("quick", "home")
async def test_a_part_that_raises_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising() -> tuple[State, str]:
        raise OSError("no such library")

    monkeypatch.setattr(examination, "_voice", raising)
    shown: list[examination.Finding] = []
    findings = await examination.examine(shown.append)
    assert shown == findings
    assert {f.subject: f.state for f in findings}["voice"] is State.BROKEN


def test_models(tmp_path: Path) -> None:
    def look(path: str) -> State:
        return examination._language_model(Settings(deciding=Deciding(llm_path=path)))[0]

    (tmp_path / "x.gguf").write_bytes(b"GGUF....")
    (tmp_path / "y.gguf").write_bytes(b"<html>")
    assert look("") is State.ABSENT
    assert look(str(tmp_path / "x.gguf")) is State.FINE
    assert look(str(tmp_path / "y.gguf")) is State.BROKEN
    assert look(str(tmp_path / "z.gguf")) is State.BROKEN
    assert examination._recogniser(Settings(hearing=Hearing(embedded=False)))[0] is State.ABSENT
    assert examination._matcher(Settings(deciding=Deciding(matcher=False)))[0] is State.ABSENT


@pytest.mark.real_sip
async def test_a_real_line_starts_and_stops() -> None:
    state, text = await examination._line()
    assert state is State.FINE
    assert "UDP port" in text
