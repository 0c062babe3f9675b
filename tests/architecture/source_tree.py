"""The source as the rules of the house see it: files, lines and what each module imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "ui", "engine", "flows", "resources")


@dataclass(frozen=True, slots=True)
class Import:
    """One import of `module` (dotted, absolute) in `path` (relative to the root, with slashes)."""

    path: str
    line: int
    module: str

    @property
    def library(self) -> str:
        """Name of the top-level package imported."""
        return self.module.partition(".")[0]


def modules(*packages: str) -> list[Path]:
    """Every Python file of the packages given (all of the program's by default)."""
    return sorted(path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py"))


def relative(path: Path) -> str:
    """Path below the root, with slashes on every system."""
    return path.relative_to(ROOT).as_posix()


def imports_in(source: str, path: str) -> Iterator[Import]:
    """What a module imports, wherever in it: statements, and `import_module` or `__import__` of a literal."""
    for node in ast.walk(ast.parse(source, path)):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(path, node.lineno, alias.name)
            case ast.ImportFrom(module=module, level=level, names=names):
                if level:
                    here = path.removesuffix(".py").split("/")
                    module = ".".join([*here[:-level], *([module] if module else [])])
                for alias in names:
                    yield Import(path, node.lineno, f"{module}.{alias.name}")
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield Import(path, node.lineno, name)


def imports(*packages: str) -> list[Import]:
    """What the packages given import (all of the program's by default)."""
    return [
        found
        for path in modules(*packages)
        for found in imports_in(path.read_text(encoding="utf-8"), relative(path))
    ]


def tracked_text_files() -> Iterator[tuple[str, str]]:
    """Path and text of every text file under version control (or in the tree, where there is none)."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        ).stdout
        paths = [ROOT / name for name in listed.decode().split("\0") if name]
    else:
        paths = [
            p for p in ROOT.rglob("*") if not any(part.startswith(".") for part in p.relative_to(ROOT).parts)
        ]
    for path in paths:
        if path.is_file():
            data = path.read_bytes()
            if b"\0" not in data[:8192]:
                yield relative(path), data.decode("utf-8", errors="replace")
