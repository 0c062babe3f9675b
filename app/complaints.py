"""Errors that are sentences: which ones they are, and how they leave the program.

A class is looked up among the modules that are loaded, so that naming it here loads nothing: an error whose module was
never imported cannot have been raised.
"""

from __future__ import annotations

import errno
import sys

SENTENCES = (
    ("engine.numbers", "NumberError"),
    ("engine.settings", "SettingsError"),
    ("engine.storage.secrets", "SecretsError"),
    ("engine.sip.line", "LineError"),
    ("engine.audio.source", "SourceError"),
    ("engine.hearing.transcriber", "ModelMissing"),
    ("engine.deciding.gguf", "ModelError"),
    ("engine.speaking.voice", "VoiceError"),
    ("engine.practice.scenario", "ScenarioError"),
    ("flows.codec", "FlowError"),
)
"""Exceptions whose ``str()`` is a sentence for the user."""


def sentence_of(error: BaseException) -> str | None:
    """The sentence that ``error`` carries for the user; None when it is a fault of the program."""
    for module, name in SENTENCES:
        loaded = sys.modules.get(module)
        kind = getattr(loaded, name, None)
        if isinstance(kind, type) and isinstance(error, kind):
            return str(error)
    if isinstance(error, FileNotFoundError) and error.errno is None:
        return str(error)  # resources.locate: a file of the installation is missing
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"The output cannot be written: {error.strerror}."
    return None
