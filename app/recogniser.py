"""Which speech recogniser the settings ask for, loaded; or why there is none."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from engine.hearing.transcriber import ModelMissing, Transcriber
from engine.settings import Hearing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A recogniser, or None; ``notice`` is a sentence for the user when it is not the one asked for."""

    transcriber: Transcriber | None
    notice: str = ""


def load(hearing: Hearing) -> Found:
    """Load the recogniser. Takes seconds and blocks: not for the event loop. A model that is missing or damaged is
    told and replaced by the recogniser that comes with the program, when that is allowed."""
    if not hearing.whisper_folder and not hearing.embedded:
        return Found(None, "No speech recogniser is set: sounds are told apart, words are not.")
    found, notice = _try(hearing.whisper_folder, hearing.embedded)
    if found is None and hearing.whisper_folder and hearing.embedded:
        found, more = _try("", True)
        notice = " ".join(part for part in (notice, more) if part)
    return Found(found, notice)


def _try(whisper_folder: str, embedded: bool) -> tuple[Transcriber | None, str]:
    from engine.hearing import engines

    try:
        return engines.load(whisper_folder=whisper_folder, embedded=embedded), ""
    except ModelMissing as error:
        return None, str(error)
    except Exception as error:  # whatever a recogniser's library raises: the telephone works without it
        log.exception("the speech recogniser could not be loaded")
        return None, f"The speech recogniser could not be loaded ({type(error).__name__}). The log tells more."
