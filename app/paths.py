"""Where this program keeps what it keeps, by the customs of each system.

``HOLDSLAYER_HOME`` puts everything below one folder instead (a second installation, a trial, a test).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

NAME = "holdslayer"
HOME_VARIABLE = "HOLDSLAYER_HOME"


@dataclass(frozen=True, slots=True)
class Paths:
    """The program's folders. None of them is made here."""

    config: Path
    data: Path
    logs: Path
    cache: Path

    @property
    def settings(self) -> Path:
        """The settings' file."""
        return self.config / "settings.json"

    @property
    def secrets(self) -> Path:
        """Passwords, where the system has no keyring."""
        return self.config / "secrets.json"

    @property
    def calls(self) -> Path:
        """Folder of the call records."""
        return self.data / "calls"

    @property
    def companies(self) -> Path:
        """Folder of what is remembered of each company."""
        return self.data / "companies"

    @property
    def flows(self) -> Path:
        """Folder of the user's own flows."""
        return self.data / "flows"

    @property
    def recordings(self) -> Path:
        """Folder of recordings, when the settings name no other."""
        return self.data / "recordings"

    @property
    def log(self) -> Path:
        """The log file of today."""
        return self.logs / f"{NAME}.log"


def find() -> Paths:
    """The folders of this user."""
    home = os.environ.get(HOME_VARIABLE, "").strip()
    if home:
        root = Path(home).expanduser().resolve()
        return Paths(root / "config", root / "data", root / "logs", root / "cache")
    import platformdirs

    folders = platformdirs.PlatformDirs(NAME, appauthor=False)
    return Paths(
        config=folders.user_config_path,
        data=folders.user_data_path,
        logs=folders.user_log_path,
        cache=folders.user_cache_path,
    )
