"""Which recogniser is loaded, and what is said when it is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import recogniser
from engine.hearing.sphinx import SphinxTranscriber
from engine.settings import Hearing
from tests.conftest import WarningsLogged


def test_the_embedded_one_by_default() -> None:
    found = recogniser.load(Hearing())
    assert found.transcriber is not None
    assert found.notice == ""


def test_it_learns_the_words_of_companies() -> None:
    found = recogniser.load(Hearing(), names=("Harbor Bank", "Zyxwave Telekom"))
    assert isinstance(found.transcriber, SphinxTranscriber)
    assert found.transcriber.learn("zyxwave telekom bank") == (), "it knows them already"


def test_a_whisper_folder_that_is_none(tmp_path: Path) -> None:
    found = recogniser.load(Hearing(whisper_folder=str(tmp_path / "none")))
    assert found.transcriber is not None, "the embedded one takes its place"
    assert "none" in found.notice
    alone = recogniser.load(Hearing(whisper_folder=str(tmp_path / "none"), embedded=False))
    assert alone.transcriber is None
    assert "none" in alone.notice


def test_none_at_all() -> None:
    found = recogniser.load(Hearing(embedded=False))
    assert found.transcriber is None
    assert found.notice


def test_a_library_that_fails(monkeypatch: pytest.MonkeyPatch, expected_warnings: WarningsLogged) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise OSError("libgomp.so.1")

    monkeypatch.setattr("engine.hearing.engines.load_explained", fail)
    assert "OSError" in recogniser.load(Hearing()).notice
    assert expected_warnings.messages == ["the speech recogniser could not be loaded"]


def test_words_that_cannot_be_learnt(
    monkeypatch: pytest.MonkeyPatch, expected_warnings: WarningsLogged
) -> None:
    def fail(*names: str) -> tuple[str, ...]:
        raise OSError("cmudict-en-us.dict")

    monkeypatch.setattr(SphinxTranscriber, "learn", lambda self, *names: fail(*names))
    assert "OSError" in recogniser.load(Hearing(), names=("Harbor Bank",)).notice
