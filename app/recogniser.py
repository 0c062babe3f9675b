"""Which speech recogniser the settings ask for, loaded; or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from engine.hearing.transcriber import ModelMissing, Transcriber
from engine.settings import Hearing


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
    from engine.hearing import engines

    try:
        return Found(engines.load(whisper_folder=hearing.whisper_folder, embedded=hearing.embedded))
    except ModelMissing as error:
        notice = str(error)
    if hearing.whisper_folder and hearing.embedded:
        try:
            return Found(engines.load(whisper_folder="", embedded=True), notice)
        except ModelMissing as error:
            notice = f"{notice} {error}"
    return Found(None, notice)
