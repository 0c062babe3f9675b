"""Where things are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import paths


def test_all_below_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOLDSLAYER_HOME", str(tmp_path / "hs"))
    found = paths.find()
    for path in (
        found.settings,
        found.secrets,
        found.calls,
        found.flows,
        found.recordings,
        found.log,
        found.cache,
    ):
        assert path.is_relative_to(tmp_path / "hs")
    assert not (tmp_path / "hs").exists(), "looking makes no folder"


def test_by_the_customs_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLDSLAYER_HOME", raising=False)
    found = paths.find()
    assert found.settings.is_relative_to(Path.home())
    assert "holdslayer" in str(found.settings)
