"""Which speech recogniser the settings ask for, loaded; or why there is none."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.hearing.transcriber import Transcriber
from engine.settings import Hearing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A recogniser, or None; ``notice`` is a sentence for the user when it is not the one asked for."""

    transcriber: Transcriber | None
    notice: str = ""


def load(hearing: Hearing, language: str = "en", names: Sequence[str] = ()) -> Found:
    """Load the recogniser. Takes seconds and blocks: not for the event loop. Never raises.

    A Whisper model that is missing or damaged is told and replaced by the recogniser that comes with the program, when
    that is allowed. ``language`` is ISO 639 with or without a region. The recogniser that comes with the
    program takes up the words of ``names`` (of companies).
    """
    from engine.hearing import engines
    from engine.hearing.sphinx import SphinxTranscriber

    folder = Path(hearing.whisper_folder).expanduser() if hearing.whisper_folder else None
    try:
        found, because = engines.load_explained(folder, hearing.embedded, language=language.partition("-")[0])
        learnt = found.learn(*names) if isinstance(found, SphinxTranscriber) else ()
    except Exception as error:  # whatever a recogniser's library raises: the telephone works without it
        log.exception("the speech recogniser could not be loaded")
        return Found(
            None, f"The speech recogniser could not be loaded ({type(error).__name__}). See the log."
        )
    log.info("speech to text: %s", because)
    if learnt:
        log.info("words of companies that the recogniser learnt: %d", len(learnt))
    as_wished = found is not None and because.startswith(found.name)
    return Found(found, "" if as_wished else because)
