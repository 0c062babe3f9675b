"""Accounts from the command line: what is kept where, and what is never shown."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import Ran

Holdslayer = Callable[..., Ran]
PASSWORD = "correct horse battery"
ADD = ("account", "add", "trunk", "--host", "sip.example.com", "--user", "alice")


def everything_below(folder: Path) -> str:
    return "\n".join(p.read_text() for p in folder.rglob("*") if p.is_file() and p.name != "secrets.json")


def test_add_list_remove(holdslayer: Holdslayer, home: Path) -> None:
    added = holdslayer(*ADD, "--transport", "tls", stdin=f"{PASSWORD}\n".encode())
    assert (added.code, added.err) == (0, "")
    assert "no keyring" in added.out, "where the password is kept is said plainly"
    secrets = home / "config" / "secrets.json"
    assert json.loads(secrets.read_text()) == {"trunk": PASSWORD}
    if sys.platform != "win32":
        assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    (listed,) = holdslayer("account", "list", "--json").lines
    assert listed["password"] is True
    assert (listed["id"], listed["host"], listed["transport"], listed["default"]) == (
        "trunk",
        "sip.example.com",
        "tls",
        True,
    )
    shown = holdslayer("account", "list")
    assert "alice@sip.example.com over tls" in shown.out
    assert PASSWORD not in added.out + shown.out + everything_below(home)
    assert holdslayer("account", "remove", "trunk").code == 0
    assert not secrets.exists()
    assert "No account" in holdslayer("account", "list").out


def test_there_already(holdslayer: Holdslayer, home: Path) -> None:
    assert holdslayer(*ADD, stdin=b"one\n").code == 0
    refused = holdslayer(*ADD, stdin=b"two\n")
    assert refused.code == 1
    assert "already" in refused.err
    assert "one" in (home / "config" / "secrets.json").read_text()
    assert holdslayer(*ADD, "--replace", "--port", "5070", stdin=b"two\n").code == 0
    assert json.loads((home / "config" / "secrets.json").read_text()) == {"trunk": "two"}
    (listed,) = holdslayer("account", "list", "--json").lines
    assert listed["port"] == 5070
    assert holdslayer(*ADD, "--replace", "--no-password").code == 0
    assert holdslayer("account", "list", "--json").lines[0]["password"] is False


@pytest.mark.parametrize(
    ("arguments", "stdin", "part"),
    [
        (ADD, b"", "No password"),
        (ADD, b"\n", "No password"),
        (ADD, b"a\x00b\n", "no password"),
        (("account", "add", "a b", "--host", "h", "--user", "u"), b"x\n", "cannot be the name"),
        (("account", "add", "a", "--host", "h t", "--user", "u"), b"x\n", "'host'"),
        (("account", "add", "a", "--host", "h", "--user", "u@x"), b"x\n", "'user'"),
        (("account", "add", "a", "--host", "h", "--user", "u", "--port", "70000"), b"x\n", "'port'"),
        (("account", "add", "a", "--host", "h", "--user", "u", "--ca-file", "/nowhere"), b"x\n", "/nowhere"),
        (
            ("account", "add", "a", "--host", "h", "--user", "u", "--ca-file", __file__),
            b"x\n",
            "no certificate",
        ),
    ],
)
def test_refusals_leave_nothing(
    holdslayer: Holdslayer, home: Path, arguments: tuple[str, ...], stdin: bytes, part: str
) -> None:
    ran = holdslayer(*arguments, stdin=stdin)
    assert ran.code == 1
    assert part in ran.err
    assert not (home / "config").exists()


def test_a_password_is_no_argument(holdslayer: Holdslayer) -> None:
    assert holdslayer(*ADD, "--password", PASSWORD).code == 2


def test_settings_that_cannot_be_written_take_the_password_back(
    holdslayer: Holdslayer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.storage import durable

    write = durable.write

    def refuse(path: Path, content: bytes) -> None:
        if path.name == "settings.json":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(durable, "write", refuse)
    ran = holdslayer(*ADD, stdin=b"secret\n")
    assert ran.code == 1
    assert "No space left" in ran.err
    assert not (home / "config" / "secrets.json").exists()


def test_a_name_that_cannot_be_one_is_said_in_a_sentence(holdslayer: Holdslayer, home: Path) -> None:
    ran = holdslayer("account", "add", "my trunk", "--host", "h", "--user", "u", stdin=b"x\n")
    assert ran.code == 1
    assert ran.err.startswith("holdslayer: 'my trunk' cannot be the name of an account")
    assert not (home / "config" / "settings.json").exists()
