"""The window shows at once: what is heavy is imported by the worker that needs it, not on the way to the window."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.architecture.source_tree import ROOT, modules, relative

HEAVY = ("ctranslate2", "faster_whisper", "llama_cpp", "onnxruntime", "pjsua2", "pocketsphinx")

LOADED_AFTER = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


def loaded_after(*names: str) -> set[str]:
    """Names of all modules that a fresh interpreter holds after importing those given."""
    run = subprocess.run(
        [sys.executable, "-c", LOADED_AFTER, *names],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout))


def test_the_way_to_the_window_loads_nothing_heavy() -> None:
    window = [relative(path).removesuffix(".py").replace("/", ".") for path in modules("ui")]
    window = [name.removesuffix(".__init__") for name in window]
    loaded = loaded_after("app.cli", *window)
    assert "PySide6.QtWidgets" in loaded
    assert loaded & set(HEAVY) == set()


def test_the_command_line_answers_without_qt() -> None:
    assert {name for name in loaded_after("app.cli") if name.startswith("PySide6")} == set()
