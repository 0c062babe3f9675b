"""The tests themselves: none is skipped or expected to fail, none asserts what is always true."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import modules, relative

EXCUSES = frozenset({"skip", "skipif", "skipTest", "xfail", "importorskip"})
ANOTHER_SYSTEM = "skipif(sys.platform == "
"""The one excuse: what a test looks at does not exist on that system."""


def flaws(source: str, path: str) -> Iterator[str]:
    """Sentences about tests that are not run, or cannot fail."""
    tree = ast.parse(source, path)
    systems = {
        node.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ANOTHER_SYSTEM in ast.unparse(node)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in EXCUSES and node not in systems:
                yield f"{path}:{node.lineno} has an excuse: {name}"
            case ast.Assert(test=ast.Constant() | ast.Tuple()):
                yield f"{path}:{node.lineno} asserts what is always so"
            case ast.FunctionDef(name=name, body=body) | ast.AsyncFunctionDef(name=name, body=body):
                if name.startswith("test_") and all(
                    isinstance(step, ast.Pass) or isinstance(getattr(step, "value", None), ast.Constant)
                    for step in body
                ):
                    yield f"{path}:{node.lineno} {name} does nothing"


def test_every_test_is_run_and_can_fail() -> None:
    places = [path for path in modules("tests") if relative(path) != "tests/architecture/test_checks.py"]
    assert len(places) > 50
    assert [flaw for path in places for flaw in flaws(path.read_text(encoding="utf-8"), relative(path))] == []


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.skip(reason='later')\ndef test_x(): assert f()",
        "@pytest.mark.skipif(not there(), reason='no such program')\ndef test_x(): assert f()",
        "@pytest.mark.xfail\ndef test_x(): assert f()",
        "def test_x():\n    pytest.skip('no')",
        "whisper = pytest.importorskip('faster_whisper')",
        "def test_x(): assert True",
        "def test_x(): assert (f() == 1, 'one')",
        "async def test_x():\n    '''Later.'''\n    ...",
        "def test_x(): pass",
    ],
)
def test_an_excuse_is_found(source: str) -> None:
    assert list(flaws(source, "x.py"))


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.skipif(sys.platform == 'win32', reason='no such modes')\ndef test_x(): assert f()",
        "def test_x(): f()",
        "def read(skip: float) -> None: ...",
    ],
)
def test_an_honest_test_is_let_pass(source: str) -> None:
    assert list(flaws(source, "x.py")) == []
