"""The command line: help, versions, refusals."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import app
from app import cli
from tests.app.conftest import Ran
from tests.conftest import WarningsLogged

Holdslayer = Callable[..., Ran]
ROOT = Path(app.__file__).resolve().parent.parent


def test_the_version_is_the_project_s(holdslayer: Holdslayer) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert holdslayer("--version").out.strip() == f"holdslayer, version {project['version']}"
    assert project["scripts"]["holdslayer"] == "app.cli:main"


@pytest.mark.parametrize("command", ["", *cli.COMMANDS, "account add"])
def test_help(holdslayer: Holdslayer, command: str) -> None:
    ran = holdslayer(*command.split(), "--help")
    assert ran.code == 0
    assert ran.out.startswith("Usage: holdslayer")
    assert ran.err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["frobnicate"], 2, "No such command"),
        (["slay"], 2, "Missing argument"),
        (["slay", "sip:a@127.0.0.1", "--headless"], 2, "--for"),
        (["slay", "hello", "--for", "x", "--headless"], 1, "not a telephone number"),
        (["slay", "+12125550100", "--for", "x", "--headless"], 1, "account is needed"),
        (["slay", "sip:a@b", "--for", "x", "--account", "trunk", "--headless"], 1, "no account 'trunk'"),
        (["slay", "sip:a@b", "--for", "x", "--flow", "/nowhere.json", "--headless"], 1, "nowhere.json"),
        (["practice", "nowhere", "--headless"], 1, "no practice company"),
        (["practice", "/nowhere.toml", "--headless"], 1, "cannot be read"),
        (["listen", "/nowhere.wav"], 1, "no file"),
        (["account", "test"], 1, "No account is set up"),
        (["account", "remove", "x"], 1, "no account 'x'"),
    ],
)
def test_refusals(holdslayer: Holdslayer, home: Path, arguments: list[str], code: int, part: str) -> None:
    ran = holdslayer(*arguments)
    assert ran.code == code
    assert ran.out == ""
    assert part in ran.err
    assert "Traceback" not in ran.err
    assert not (home / "config").exists()
    assert not (home / "data").exists()


def test_settings_that_cannot_be_used(holdslayer: Holdslayer, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_text("{")
    ran = holdslayer("slay", "sip:a@b", "--for", "x", "--headless", "--json")
    assert ran.code == 1
    assert ran.out == ""
    assert "settings.json.bad" in ran.err
    assert (home / "config" / "settings.json").read_text() == "{"


def test_without_a_display(holdslayer: Holdslayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for variable in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("app.display.why_none", lambda: "There is no display.")
    for arguments in ([], ["practice"], ["slay", "sip:a@b", "--for", "x"]):
        ran = holdslayer(*arguments)
        assert ran.code == 1
        assert "no display" in ran.err


def test_a_fault_of_the_program_is_one_sentence_and_a_log(
    holdslayer: Holdslayer, home: Path, monkeypatch: pytest.MonkeyPatch, expected_warnings: WarningsLogged
) -> None:
    def broken(name: str) -> object:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("engine.practice.scenario.load", broken)
    ran = holdslayer("practice", "--headless", "--json")
    assert ran.code == 1
    assert ran.out == ""
    assert "ZeroDivisionError" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert expected_warnings.messages == ["an unexpected error"]


def test_practice_lists_its_companies(holdslayer: Holdslayer) -> None:
    companies = {line["company"]: line for line in holdslayer("practice", "--list", "--json").lines}
    assert len(companies) >= 8
    assert "harbor-bank" in companies
    ran = holdslayer("practice", "--list")
    assert all(str(company) in ran.out for company in companies)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from app import cli; cli.run(['--help'])\n"
        "heavy = {'numpy', 'pydantic', 'PySide6', 'pjsua2', 'onnxruntime', 'asyncio', 'phonenumbers', 'tinydb'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == "[]"


def test_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0
    assert done.stdout.startswith("holdslayer, version")
