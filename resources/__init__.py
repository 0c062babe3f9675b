"""Files shipped with the program: models' register, language data, prompts, practice companies, icons, sounds."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parent


def locate(*parts: str) -> Path:
    """Path of a shipped file or folder, given as the names below `resources/`.

    Raises FileNotFoundError, with a sentence that can be shown to a person, when it is not there,
    and ValueError when the names lead out of the resources.
    """
    path = _ROOT.joinpath(*parts)
    if not path.resolve().is_relative_to(_ROOT):
        raise ValueError(f"'{'/'.join(parts)}' is not inside the program's resources.")
    if not path.exists():
        raise FileNotFoundError(
            f"The file '{'/'.join(parts)}' that belongs to Hold Slayer is missing from {_ROOT}. "
            "The installation is incomplete; install the program again."
        )
    return path
