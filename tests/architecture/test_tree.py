"""Sizes and names of the modules, and what no file under version control may hold."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source_tree import modules, relative, tracked_text_files

MAX_LINES = 400
VAGUE_NAMES = frozenset(
    {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base"}
)

# Written in pieces, so that this file does not hold what it looks for.
FOREIGN_ADDRESSES = (
    re.compile(r"\bpypi" + r"\.org\b|\bpython" + r"hosted\.org\b", re.IGNORECASE),
    re.compile(r"(?<!\S)--(extra-)?index" + r"-url\b|(?<!\S)--find" + r"-links\b"),
    re.compile(r"\bfile" + r":///[a-z]"),
)
PRIVATE_PATHS = (
    re.compile(r"(?<![\w.])/(home|Users)" + r"/[a-z][\w.-]*/"),
    re.compile(r"(?<![\w./])/root" + r"/"),
    re.compile(r"(?<![\w./}])/work" + r"/"),
    re.compile(r"\b[A-Z]:\\Users" + r"\\\w", re.IGNORECASE),
)


def found_in(text: str, patterns: tuple[re.Pattern[str], ...]) -> list[str]:
    return [match.group() for pattern in patterns for match in pattern.finditer(text)]


def test_no_module_is_too_long() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    places = [
        relative(path) for path in modules("app", "ui", "engine", "flows", "resources", "tests", "packaging")
    ]
    assert [place for place in places if VAGUE_NAMES & set(place.removesuffix(".py").split("/"))] == []


def test_no_file_names_a_package_index() -> None:
    assert {p: hits for p, text in tracked_text_files() if (hits := found_in(text, FOREIGN_ADDRESSES))} == {}


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    assert {p: hits for p, text in tracked_text_files() if (hits := found_in(text, PRIVATE_PATHS))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "https://pypi" + ".org/simple",
        "https://files.python" + "hosted.org/packages/ab/x.whl",
        "--extra-index" + "-url http://mirror",
        "--find" + "-links wheels",
        "file:" + "///opt/x",
    ],
)
def test_an_index_address_is_recognised(text: str) -> None:
    assert found_in(text, FOREIGN_ADDRESSES)


@pytest.mark.parametrize(
    "text",
    [
        "cd /home/" + "dana/src",
        "/root" + "/x",
        "'/work" + "/main'",
        "C:\\Users" + "\\Dana",
        "/Users/" + "dana/x",
    ],
)
def test_a_private_path_is_recognised(text: str) -> None:
    assert found_in(text, PRIVATE_PATHS)


@pytest.mark.parametrize(
    "text", ["~/.config", "$HOME/x", "/usr/bin/env", "--no-emit-index" + "-url", "net/work/it"]
)
def test_an_ordinary_path_is_let_pass(text: str) -> None:
    assert found_in(text, PRIVATE_PATHS + FOREIGN_ADDRESSES) == []
