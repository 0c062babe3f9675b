"""A recogniser whose files are damaged is told in a sentence; calls are judged by sound alone then."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.hearing import engines, sphinx
from engine.hearing.transcriber import ModelMissing


@pytest.mark.parametrize("name", ["phone.lm.bin", "phone.dict", "telephone.means", "telephone.sendump"])
@pytest.mark.parametrize("kept", [0, 5000, -1])
def test_files_that_are_empty_cut_short_or_rubbish(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, kept: int
) -> None:
    locate = sphinx.locate

    def damaged(*parts: str) -> Path:
        whole = locate(*parts)
        if parts[-1] != name:
            return whole
        copy = tmp_path / name
        copy.write_bytes(b"rubbish\x00\xff" * 1000 if kept < 0 else whole.read_bytes()[:kept])
        return copy

    monkeypatch.setattr(sphinx, "locate", damaged)
    with pytest.raises(ModelMissing, match=rf"{name}.* Install the program again\.$"):
        sphinx.SphinxTranscriber()
    found, because = engines.load_explained()
    assert found is None
    assert because.endswith("No speech recogniser is in use: calls are judged by sound alone.")
    assert name in because


def test_files_that_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(*parts: str) -> Path:
        raise FileNotFoundError(f"The file '{'/'.join(parts)}' is missing. Install the program again.")

    monkeypatch.setattr(sphinx, "locate", missing)
    found, because = engines.load_explained()
    assert found is None
    assert because.startswith("The file 'language/phone.lm.bin' is missing.")
