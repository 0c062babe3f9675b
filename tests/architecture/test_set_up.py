"""The scripts of the set-up are sound shell, and say what they want when they are called wrongly."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

SCRIPTS = ("packaging/bootstrap", "packaging/run", "packaging/test", "packaging/lock", ".ci/run")


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_can_be_read_and_run(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    read = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


def test_an_unknown_mode_is_refused() -> None:
    run = subprocess.run(
        [str(ROOT / "packaging/bootstrap"), "everything"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "run|test" in run.stderr


def test_a_python_that_does_not_serve_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    # A copy of the scripts alone: the .venv of this tree is none of this test's business.
    folder = tmp_path / "packaging"
    folder.mkdir()
    for name in ("bootstrap", "requirements.lock", "requirements-build.lock"):
        (folder / name).write_bytes((ROOT / "packaging" / name).read_bytes())
    (folder / "bootstrap").chmod(0o755)
    run = subprocess.run(
        [str(folder / "bootstrap"), "run"],
        env={
            **os.environ,
            "HOLDSLAYER_PYTHON": "false",
            "PATH": "/usr/bin:/bin",
            "HOLDSLAYER_SKIP_SYSTEM": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "HOLDSLAYER_PYTHON=false is not a CPython 3.11 or 3.12" in run.stderr
    assert not (tmp_path / ".venv").exists()
