"""Flows as files: JSON with a version, read strictly, written whole or not at all.

    {"version": 1, "flow": {...}}

An older version is brought forward step by step (``_FORWARD``) before it is checked; files of every version that was
ever written are kept in the tests. Whatever is wrong with a file is a ``FlowError`` with a sentence for a person.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from flows.model import Flow

VERSION = 1
"""The version this program writes, and the newest it reads."""

LARGEST_BYTES = 32_000_000
"""A file larger than this is no flow: 10,000 steps take some 3 MB."""

_FORWARD: MappingProxyType[int, Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType({})
"""For each old version the function that makes the next one of its ``flow`` table. Empty while there is only one."""

_SHOWN_ERRORS = 3


class FlowError(Exception):
    """A flow file cannot be used. ``str()`` is a sentence: which file, what is wrong, where."""


def _place(location: tuple[int | str, ...], flow: Any) -> str:
    """Where in the file an error is: "step 'menu', digits"."""
    parts: list[str] = []
    here = flow
    names = [
        part for part in location if part not in ("dtmf", "listen", "speak", "hold", "transfer", "hangup")
    ]
    for number, part in enumerate(names):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(part, int):
            kind = "choice" if number and names[number - 1] == "choices" else "step"
            name = (here.get("label") or here.get("id")) if isinstance(here, dict) else None
            parts.append(
                f"{kind} {name!r}" if isinstance(name, str) and name else f"{kind} number {part + 1}"
            )
        elif part not in ("steps", "choices") or number == len(names) - 1:
            parts.append(str(part))
    return ", ".join(parts)


def _sentence(error: ValidationError, flow: Any) -> str:
    problems: list[str] = []
    for problem in error.errors(include_url=False, include_input=False)[:_SHOWN_ERRORS]:
        what = problem["msg"].removeprefix("Value error, ")
        where = _place(problem["loc"], flow)
        problems.append(f"{where}: {what}" if where else what)
    more = error.error_count() - len(problems)
    return "; ".join(problems) + (f"; and {more} more" if more > 0 else "")


def loads(text: str, *, source: str = "The flow") -> Flow:
    """The flow written in ``text``. ``source`` names the text in errors. ``FlowError`` when it cannot be used."""
    if not text.strip():
        raise FlowError(f"{source} is empty. Export the flow again, or delete the file.")
    try:
        table = json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg:
            raise FlowError(
                f"{source} ends in the middle: it was cut short. Restore it from a copy."
            ) from error
        raise FlowError(
            f"{source} is not JSON (line {error.lineno}, column {error.colno}: {error.msg})."
        ) from error
    except RecursionError as error:
        raise FlowError(f"{source} is nested too deeply to be a flow.") from error
    if not isinstance(table, dict) or "version" not in table or "flow" not in table:
        raise FlowError(f"{source} is not a flow: it needs the two entries 'version' and 'flow'.")
    version, flow = table["version"], table["flow"]
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FlowError(f"{source} has the version {version!r}, which is no version of a flow file.")
    if version > VERSION:
        raise FlowError(
            f"{source} was written by a newer Hold Slayer (version {version}; this one reads up to {VERSION}). "
            "Update the program to use it."
        )
    if not isinstance(flow, dict):
        raise FlowError(f"{source} is not a flow: the entry 'flow' is no table.")
    for old in range(version, VERSION):
        flow = _FORWARD[old](flow)
    try:
        return Flow.model_validate_json(json.dumps(flow))
    except ValidationError as error:
        raise FlowError(f"{source} has a mistake: {_sentence(error, flow)}.") from error


def dumps(flow: Flow) -> str:
    """``flow`` as text, in the newest version; what is at its default is left out."""
    table = flow.model_dump(mode="json", exclude_defaults=True)
    for written, step in zip(table["steps"], flow.steps, strict=True):
        written["kind"] = step.kind
    for written in table["steps"]:
        # Who reads the file wants to know first which step it is and of what kind.
        rest = {key: value for key, value in written.items() if key not in ("id", "kind")}
        head = {"id": written["id"], "kind": written["kind"]}
        written.clear()
        written.update(head | rest)
    return json.dumps({"version": VERSION, "flow": table}, ensure_ascii=False, indent=2) + "\n"


def load(path: Path | str) -> Flow:
    """The flow in the file at ``path``. ``FlowError`` when there is none or it cannot be used."""
    path = Path(path)
    source = f"The flow file {path}"
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise FlowError(f"{source} is too large to be a flow ({path.stat().st_size // 1_000_000} MB).")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise FlowError(f"{source} is not there. Check the name.") from error
    except IsADirectoryError as error:
        raise FlowError(f"{path} is a folder, not a flow file.") from error
    except UnicodeDecodeError as error:
        raise FlowError(f"{source} is not text in UTF-8, so it is no flow.") from error
    except OSError as error:
        raise FlowError(f"{source} cannot be read: {error.strerror or error}.") from error
    return loads(text, source=source)


def dump(flow: Flow, path: Path | str) -> None:
    """Write ``flow`` to ``path``: whole or not at all, readable by its owner only. ``FlowError`` when it cannot be."""
    path = Path(path)
    text = dumps(flow)
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise FlowError(f"The flow file {path} cannot be written: {error.strerror or error}.") from error
