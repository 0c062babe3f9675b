"""Passwords: where they go, and where they never go."""

from __future__ import annotations

import json
import logging
import stat
import sys
from pathlib import Path

import pytest

from engine.storage.secrets import Secrets, SecretsError, find_keyring

PASSWORD = "hunter2-and-more"


class Ring:
    """A keyring in memory; with ``locked`` it refuses as the real ones do, quoting what it should not."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check("")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check(password)
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check("")
        del self.kept[service, username]

    def _check(self, password: str) -> None:
        if self.locked:
            raise RuntimeError(f"locked while keeping {password}")


def test_in_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "secrets.json"
    secrets = Secrets(file, None)
    assert secrets.get("trunk") is None
    secrets.set("trunk", PASSWORD)
    secrets.set("other", "x")
    assert Secrets(file, None).get("trunk") == PASSWORD
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in repr(secrets) + str(secrets) + secrets.where + caplog.text
    assert "no keyring" in secrets.where
    secrets.delete("trunk")
    secrets.delete("never there")
    assert json.loads(file.read_text()) == {"other": "x"}
    secrets.delete("other")
    assert not file.exists()


def test_in_the_keyring(tmp_path: Path) -> None:
    ring, file = Ring(), tmp_path / "secrets.json"
    secrets = Secrets(file, ring)
    secrets.set("trunk", PASSWORD)
    assert ring.kept == {("holdslayer", "trunk"): PASSWORD}
    assert secrets.get("trunk") == PASSWORD
    assert not file.exists()
    secrets.delete("trunk")
    secrets.delete("trunk")
    assert ring.kept == {}


def test_a_keyring_that_came_later_takes_over(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    Secrets(file, None).set("trunk", "old")
    later = Secrets(file, Ring())
    assert later.get("trunk") == "old"
    later.set("trunk", "new")
    assert later.get("trunk") == "new"
    assert not file.exists()


def test_a_locked_keyring_is_told_without_the_secret(tmp_path: Path) -> None:
    ring = Ring()
    ring.locked = True
    secrets = Secrets(tmp_path / "secrets.json", ring)
    for act in (
        lambda: secrets.get("trunk"),
        lambda: secrets.set("trunk", PASSWORD),
        lambda: secrets.delete("trunk"),
    ):
        with pytest.raises(SecretsError, match="Unlock") as refusal:
            act()
        assert PASSWORD not in str(refusal.value)
        assert refusal.value.__suppress_context__
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"trunk": 1}', b"\xff"])
def test_a_damaged_file_is_not_overwritten(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secrets.json"
    file.write_bytes(content)
    secrets = Secrets(file, None)
    with pytest.raises(SecretsError, match="damaged"):
        secrets.get("trunk")
    with pytest.raises(SecretsError, match="damaged"):
        secrets.set("trunk", PASSWORD)
    assert file.read_bytes() == content


def test_a_backend_that_refuses_is_no_keyring() -> None:
    # conftest sets keyring's own "fail" backend for every test.
    assert find_keyring() is None
