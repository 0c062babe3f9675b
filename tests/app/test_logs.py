"""What is in the log, and what never is."""

from __future__ import annotations

import logging
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import logs
from engine.sip.line import Account

Write = Callable[..., str]


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Write]:
    """Logs one line and gives the whole file."""
    file = tmp_path / "logs" / "test.log"
    before = logging.getLogger().level
    handlers = logs.start(file)

    def write(message: str, *arguments: object, **more: object) -> str:
        logging.getLogger("engine.sip").info(message, *arguments, **more)  # type: ignore[arg-type]
        return file.read_text()

    yield write
    logs.stop(handlers)
    logging.getLogger().setLevel(before)
    logs._secrets.clear()


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("calling +12125550123", "calling …0123"),
        ("calling (212) 555-0123 now", "calling …0123 now"),
        ("to sip:+12125550123@trunk.example", "to sip:…0123@trunk.example"),
        ("number='212.555.0123'", "number='…0123'"),
        ("pressed 20", "pressed **"),
        ("DTMF: 4711#", "DTMF: *****"),
        ("sending digits '1234' to it", "sending digits '****' to it"),
        ("password=abc123 for it", "password=*** for it"),
        ("{'password': 'a b'}", "{'password': ***}"),
        ('Authorization: Digest username="x", response="y"', "Authorization: ***"),
        ("from 192.168.100.200:50600 at 2026-01-31", "from 192.168.100.200:50600 at 2026-01-31"),
        ("call 0f5cd6be9a1234567890abcdef012345 began", "call 0f5cd6be9a1234567890abcdef012345 began"),
        ("200 OK after 1234 ms", "200 OK after 1234 ms"),
        ("the emergency number 911", "the emergency number 911"),
    ],
)
def test_redaction(message: str, shown: str) -> None:
    assert logs.redact(message) == shown


def test_arguments_and_tracebacks_are_redacted_too(written: Write) -> None:
    logs.hide("correct horse")
    try:
        raise RuntimeError("the trunk did not like correct horse of +1 212 555 0123")
    except RuntimeError:
        text = written("calling %s with %s", "+12125550123", "correct horse", exc_info=True)
    assert "RuntimeError" in text
    assert "…0123" in text
    assert "horse" not in text
    assert "5550123" not in text
    assert "555 0123" not in text


def test_the_time_in_front_stays(written: Write) -> None:
    line = written("hello").splitlines()[0]
    assert line[:2] == "20"
    assert line[4] == line[7] == "-"
    assert "…" not in line


def test_an_account_is_logged_without_its_password(written: Write) -> None:
    assert "topsecret" not in written("%r", Account("a", "host", "user", "topsecret"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_user_may_read_it(written: Write, tmp_path: Path) -> None:
    written("x")
    assert stat.S_IMODE((tmp_path / "logs" / "test.log").stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_is_said_and_borne(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    level = logging.getLogger().level
    handlers = logs.start(tmp_path / "file" / "x" / "test.log")
    logs.stop(handlers)
    logging.getLogger().setLevel(level)
    assert "cannot be written" in capsys.readouterr().err
