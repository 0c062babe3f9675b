"""The locks hold what was asked for, each package at one version and by hash."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source_tree import ROOT

PAIRS = [
    ("requirements.in", "requirements.lock"),
    ("requirements-dev.in", "requirements-test.lock"),
    ("requirements-build.in", "requirements-build.lock"),
]


def canonical(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(file: str) -> set[str]:
    """Names of the packages a requirements file asks for."""
    lines = (ROOT / "packaging" / file).read_text(encoding="utf-8").splitlines()
    found = (re.match(r"[A-Za-z0-9][\w.-]*", line) for line in lines)
    return {canonical(match.group()) for match in found if match}


def locked(file: str) -> dict[str, str]:
    """What follows each `name==version ; marker` of a lock: its hashes."""
    text = (ROOT / "packaging" / file).read_text(encoding="utf-8").replace("\\\n", " ")
    return dict(re.findall(r"^(\S+==\S+(?: ; [^\n]*?)?) +(--hash=[^\n]*)$", text, re.MULTILINE))


@pytest.mark.parametrize(("asked", "lock"), PAIRS)
def test_the_lock_holds_what_was_asked_for(asked: str, lock: str) -> None:
    assert names(asked) <= names(lock)


@pytest.mark.parametrize("lock", [lock for _, lock in PAIRS])
def test_every_package_of_the_lock_has_a_version_and_hashes(lock: str) -> None:
    text = (ROOT / "packaging" / lock).read_text(encoding="utf-8")
    entries = locked(lock)
    assert {canonical(entry.partition("==")[0].partition("[")[0]) for entry in entries} == names(lock)
    assert all(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", hashes) for hashes in entries.values())
    assert text.count("==") >= len(entries) > 3


def test_the_checks_use_the_versions_the_program_uses() -> None:
    program = {e.split(" ;")[0] for e in locked("requirements.lock")}
    checks = {e.split(" ;")[0] for e in locked("requirements-test.lock")}
    both = {e.partition("==")[0] for e in program} & {e.partition("==")[0] for e in checks}
    assert {e for e in checks if e.partition("==")[0] in both} <= program
