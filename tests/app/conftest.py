"""The command line as a test runs it: in this process, with stdout and stderr apart, below a home of its own."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import cli, logs


@dataclass
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, object]]:
        """stdout as JSON lines; fails when it holds anything else."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program keeps everything during the test."""
    folder = tmp_path / "hs"
    monkeypatch.setenv("HOLDSLAYER_HOME", str(folder))
    return folder


@pytest.fixture
def holdslayer(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Runs ``holdslayer ARGUMENTS`` with ``stdin``."""

    def run(*arguments: str, stdin: bytes = b"") -> Ran:
        out, err = io.StringIO(), io.StringIO()
        level = logging.getLogger().level
        with monkeypatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            try:
                code = cli.run(arguments)
            finally:
                logging.getLogger().setLevel(level)
                logs._secrets.clear()
        return Ran(code, out.getvalue(), err.getvalue())

    return run
