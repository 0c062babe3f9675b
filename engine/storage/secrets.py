"""Passwords: in the system's keyring, or, where there is none, in a file that only the user can read.

Which of the two it is can be asked (``where``) and is said plainly; nothing of it is ever part of a ``repr``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from engine.storage import durable

log = logging.getLogger(__name__)

SERVICE = "holdslayer"
"""Under which name the keyring files what is ours."""


class SecretsError(Exception):
    """A secret cannot be read or kept. ``str()`` is a sentence."""


class Keyring(Protocol):
    """What is needed of a keyring backend (``keyring.backend.KeyringBackend``)."""

    def get_password(self, service: str, username: str) -> str | None:
        """The secret, None when there is none."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget the secret."""
        ...


def find_keyring() -> Keyring | None:
    """The system's keyring; None when the system has none that works."""
    try:
        import keyring
        from keyring.backends import fail, null

        found = keyring.get_keyring()
    except Exception as error:  # a broken backend raises whatever its libraries raise
        log.info("the keyring cannot be used: %s", type(error).__name__)
        return None
    if isinstance(found, fail.Keyring | null.Keyring) or not _works(found):
        return None
    kept: Keyring = found
    return kept


def _works(backend: object) -> bool:
    try:
        return float(getattr(backend, "priority", 0)) > 0
    except Exception:
        return False


class Secrets:
    """Secrets by name (the id of an account). May wait for the user to unlock the keyring: not for the event loop.

    ``file`` is where they go when there is no keyring.
    """

    def __init__(self, file: Path, keyring: Keyring | None) -> None:
        self._file = file
        self._keyring = keyring

    @classmethod
    def open(cls, file: Path) -> Secrets:
        """With the system's keyring when it has one."""
        return cls(file, find_keyring())

    def __repr__(self) -> str:
        return f"Secrets({self.where!r})"

    @property
    def in_keyring(self) -> bool:
        """Whether a keyring keeps them."""
        return self._keyring is not None

    @property
    def where(self) -> str:
        """Where they are kept, as part of a sentence for the user."""
        if self._keyring is None:
            return f"in the file {self._file}, which only you can read (this system has no keyring)"
        name = getattr(self._keyring, "name", type(self._keyring).__module__)
        return f"in the system's keyring ({name})"

    def get(self, name: str) -> str | None:
        """The secret of that name, None when there is none. Raises ``SecretsError``."""
        if self._keyring is not None:
            with self._told("read"):
                found = self._keyring.get_password(SERVICE, name)
            if found is not None:
                return found
        # It may have been kept before a keyring was there.
        return self._load().get(name)

    def set(self, name: str, secret: str) -> None:
        """Keep ``secret`` under that name. Raises ``SecretsError``."""
        if self._keyring is not None:
            with self._told("kept"):
                self._keyring.set_password(SERVICE, name, secret)
            self._forget_in_file(name)
            return
        self._save({**self._load(), name: secret})

    def delete(self, name: str) -> None:
        """Forget the secret of that name; nothing happens when there is none. Raises ``SecretsError``."""
        if self._keyring is not None:
            with self._told("removed"):
                if self._keyring.get_password(SERVICE, name) is not None:
                    self._keyring.delete_password(SERVICE, name)
        self._forget_in_file(name)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # backends raise their own kinds besides KeyringError
            raise SecretsError(
                f"The password could not be {what} in the system's keyring ({type(error).__name__}). "
                "Unlock the keyring and try again."
            ) from None

    def _forget_in_file(self, name: str) -> None:
        kept = self._load()
        if kept.pop(name, None) is not None:
            self._save(kept)

    def _load(self) -> dict[str, str]:
        try:
            content = json.loads(self._file.read_bytes().decode())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SecretsError(f"The passwords in {self._file} cannot be read: {error.strerror}.") from None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
            raise SecretsError(
                f"The passwords in {self._file} cannot be used: the file is damaged. "
                "Move it away and give the passwords again with 'holdslayer account add'."
            )
        return content

    def _save(self, secrets: dict[str, str]) -> None:
        try:
            if secrets:
                durable.write(self._file, json.dumps(secrets, ensure_ascii=False).encode())
            else:
                durable.remove(self._file)
        except OSError as error:
            raise SecretsError(f"The passwords cannot be kept in {self._file}: {error.strerror}.") from None
