"""Which speech recogniser is used: Whisper when a model folder is configured, else the embedded one, else none."""

from __future__ import annotations

import logging
from pathlib import Path

from engine.hearing.transcriber import ModelMissing, Transcriber

log = logging.getLogger("holdslayer.hearing")


def load(
    whisper_folder: Path | None = None,
    use_sphinx: bool = True,
    *,
    threads: int | None = None,
    language: str = "en",
) -> Transcriber | None:
    """The best recogniser there is. Takes seconds: call it from a worker. See ``load_explained`` for the reason."""
    transcriber, because = load_explained(whisper_folder, use_sphinx, threads=threads, language=language)
    log.info("speech to text: %s", because)
    return transcriber


def load_explained(
    whisper_folder: Path | None = None,
    use_sphinx: bool = True,
    *,
    threads: int | None = None,
    language: str = "en",
) -> tuple[Transcriber | None, str]:
    """The recogniser and a sentence for the user: which one it is, and why not the one that was wished."""
    because = ""
    if whisper_folder is not None:
        from engine.hearing.whisper import WhisperTranscriber

        try:
            whisper = WhisperTranscriber(whisper_folder, threads=threads, language=language)
            return whisper, f"{whisper.name} recognises speech."
        except (ModelMissing, ImportError) as problem:
            because = f"{problem} "
    if use_sphinx:
        from engine.hearing.sphinx import SphinxTranscriber

        try:
            sphinx = SphinxTranscriber()
            return sphinx, f"{because}{sphinx.name} recognises speech."
        except (ModelMissing, ImportError) as problem:
            because += f"{problem} "
    return None, f"{because}No speech recogniser is in use: calls are judged by sound alone."
