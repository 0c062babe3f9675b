"""The settings tree and its file."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from engine import settings
from engine.settings import AccountSettings, Settings, SettingsError
from engine.sip.line import Transport

TRUNK = AccountSettings(id="trunk", host="sip.example.com", user="alice", transport=Transport.TLS)


def test_defaults_when_there_is_no_file(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "settings.json") == Settings()
    assert not Settings().recording.on
    assert Settings().account() is None


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    wanted = Settings(region="DE").with_account(TRUNK)
    settings.save(wanted, path)
    assert settings.load(path) == wanted
    assert json.loads(path.read_text())["accounts"] == [
        {"id": "trunk", "host": "sip.example.com", "user": "alice", "transport": "tls"}
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings.save(Settings(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"{", "line 1 is not JSON"),
        (b"", "line 1 is not JSON"),
        (b"\xff\xfe", "not text"),
        (b"[]", "valid dictionary"),
        (b'{"regio": "US"}', "'regio'"),
        (b'{"region": "Germany"}', "'region'"),
        (b'{"accounts": [{"id": "a", "host": "a b", "user": "x"}]}', "'accounts.0.host'"),
        (b'{"default_account": "x"}', "default account"),
        (b"[" * 100_000, ""),
    ],
)
def test_a_file_that_cannot_be_used_is_kept(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(SettingsError) as refusal:
            settings.load(path)
        assert part in str(refusal.value)
        assert "settings.json.bad" in str(refusal.value)
    assert path.read_bytes() == content
    assert (tmp_path / "settings.json.bad").read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 2
    path.write_bytes(b"{ another")
    with pytest.raises(SettingsError, match=r"settings\.json\.bad-1"):
        settings.load(path)
    assert (tmp_path / "settings.json.bad").read_bytes() == content


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"version": 2, "new": true}')
    with pytest.raises(SettingsError, match="later version"):
        settings.load(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        settings.save(Settings(), tmp_path / "file" / "settings.json")


def test_accounts() -> None:
    other = TRUNK.model_copy(update={"id": "other"})
    both = Settings().with_account(TRUNK).with_account(other)
    assert both.account() == TRUNK
    assert both.account("other") == other
    with pytest.raises(SettingsError, match="trunk, other"):
        both.account("third")
    chosen = both.model_copy(update={"default_account": "other"})
    assert chosen.account() == other
    assert chosen.without_account("other").account() == TRUNK
    replaced = both.with_account(TRUNK.model_copy(update={"port": 5070}))
    assert [a.id for a in replaced.accounts] == ["other", "trunk"]
    with pytest.raises(ValidationError, match="two accounts"):
        Settings(accounts=(TRUNK, TRUNK))


def test_the_line_gets_the_account_and_its_password() -> None:
    account = TRUNK.with_password("very secret")
    assert (account.id, account.host, account.password) == ("trunk", "sip.example.com", "very secret")
    assert "very secret" not in repr(account)


@pytest.mark.parametrize(
    ("name", "region"), [("de_DE.UTF-8", "DE"), ("pt-BR", "BR"), ("C", "US"), ("C.UTF-8", "US"), ("", "US")]
)
def test_region_of_the_locale(monkeypatch: pytest.MonkeyPatch, name: str, region: str) -> None:
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    for variable in ("LC_ALL", "LC_TELEPHONE", "LANG"):
        monkeypatch.setenv(variable, name)
    assert settings.default_region() == region


def test_every_leaf_is_described() -> None:
    def leaves(model: type[BaseModel]) -> None:
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                leaves(field.annotation)
            elif name != "version":
                assert field.description, f"{model.__name__}.{name}"
                assert field.description.endswith("."), f"{model.__name__}.{name}"

    leaves(Settings)
    leaves(AccountSettings)
