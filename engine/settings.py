"""What the user can set: one typed tree, each leaf with its description, a sane default and its check.

The tree is frozen: a change makes a new one (``model_copy``) that is saved as a whole. Passwords are no part of it
(they are in ``storage.secrets``). Only what differs from the defaults is written, so that a better default of a
later version reaches those who never touched it.
"""

from __future__ import annotations

import contextlib
import json
import locale
import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from engine.sip.line import Account, Transport
from engine.storage import durable

VERSION: Literal[1] = 1
"""Version of the file. One of a later version is not touched."""


class SettingsError(Exception):
    """The settings cannot be used. ``str()`` is a sentence that says what is wrong and what to do."""


def default_region() -> str:
    """The region of the user's locale as two letters, such as ``DE`` of ``de_DE.UTF-8``; ``US`` when it has none."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_TELEPHONE", "LANG")]
    with contextlib.suppress(ValueError):  # a locale whose name Python cannot read tells no region
        names.append(locale.getlocale()[0] or "")
    for name in names:
        if found := re.match(r"[A-Za-z]{2,3}[_-]([A-Z]{2})(?![A-Za-z])", name):
            return found[1]
    return "US"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, validate_default=True)


Name = Annotated[str, Field(max_length=200)]


class AccountSettings(_Section):
    """A trunk account: a telephone company or a switchboard that connects calls to the telephone network."""

    id: str = Field(
        min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$", description="Name you give this account."
    )
    host: str = Field(min_length=1, max_length=253, description="Host name or address of the trunk.")
    port: int = Field(default=0, ge=0, le=65535, description="Port; 0 means 5060, or 5061 with TLS.")
    user: str = Field(min_length=1, max_length=200, description="User name at the trunk.")
    auth_user: Name = Field(
        default="", description="User name for the password check, when it is another one."
    )
    transport: Transport = Field(default=Transport.UDP, description="How SIP travels: udp, tcp or tls.")
    outbound_proxy: Name = Field(default="", description="SIP address of a proxy to send everything through.")
    ca_file: str = Field(
        default="", description="PEM file to check the trunk's TLS certificate with; empty: the system's."
    )
    registers: bool = Field(
        default=True,
        description="Whether to register; off when the trunk only wants the password at each call.",
    )
    caller_id: Name = Field(
        default="", description="Number to call from, when it differs from the user name."
    )
    plus: bool = Field(default=True, description="Whether the trunk wants numbers with their plus sign.")

    @field_validator("host")
    @classmethod
    def _plain_host(cls, host: str) -> str:
        if not re.fullmatch(
            r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+", host
        ):
            raise ValueError(f"{host!r} is not a host name or an address")
        return host

    @field_validator("user", "auth_user", "caller_id")
    @classmethod
    def _plain_user(cls, user: str) -> str:
        if re.search(r"[\s<>\"@]", user):
            raise ValueError(f"{user!r} holds characters that a user name cannot have")
        return user

    @field_validator("outbound_proxy")
    @classmethod
    def _proxy_uri(cls, uri: str) -> str:
        if uri and not re.fullmatch(r"sips?:[^\s<>\"]+", uri):
            raise ValueError(f"{uri!r} is not a SIP address such as sip:proxy.example.com;lr")
        return uri

    def with_password(self, password: str) -> Account:
        """The account as the line wants it."""
        return Account(
            id=self.id,
            host=self.host,
            port=self.port,
            user=self.user,
            auth_user=self.auth_user,
            password=password,
            transport=self.transport,
            outbound_proxy=self.outbound_proxy,
            ca_file=self.ca_file,
            register=self.registers,
            caller_id=self.caller_id,
        )


class Hearing(_Section):
    """Speech to text."""

    whisper_folder: str = Field(
        default="",
        description="Folder of a faster-whisper model; empty: the recogniser that comes with the program.",
    )
    embedded: bool = Field(
        default=True,
        description="Whether to use the recogniser that comes with the program when there is no other.",
    )


class Deciding(_Section):
    """Which option of a menu to take."""

    matcher: bool = Field(default=True, description="Whether to compare meanings with the embedding model.")
    llm_path: str = Field(
        default="",
        description="GGUF file of a language model to ask when rules and matcher are unsure; empty: none.",
    )


class Sound(_Section):
    """Devices by name; empty means the system's default."""

    microphone: Name = Field(default="", description="Microphone.")
    speaker: Name = Field(default="", description="Speaker or headset.")
    ring: Name = Field(default="", description="Device that rings when a person speaks.")


class Recording(_Section):
    """Recording of calls. Whether it is allowed depends on where you and the other side are."""

    on: bool = Field(default=False, description="Whether every call is recorded.")
    folder: str = Field(default="", description="Where recordings go; empty: with the program's own data.")


class Window(_Section):
    """How the window looks."""

    theme: Literal["system", "light", "dark"] = Field(default="system", description="Colours of the window.")


class Settings(_Section):
    """All settings."""

    version: Literal[1] = VERSION
    region: str = Field(
        default_factory=default_region,
        pattern=r"^[A-Z]{2}$",
        description="Region whose way of writing telephone numbers is used, such as US or DE.",
    )
    language: str = Field(
        default="en", pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", description="Language that companies answer in."
    )
    accounts: tuple[AccountSettings, ...] = Field(default=(), description="Trunk accounts.")
    default_account: str = Field(
        default="", description="Account that calls are made with; empty: the first."
    )
    hearing: Hearing = Hearing()
    deciding: Deciding = Deciding()
    sound: Sound = Sound()
    recording: Recording = Recording()
    window: Window = Window()

    @model_validator(mode="after")
    def _accounts_known(self) -> Self:
        ids = [account.id for account in self.accounts]
        for account in ids:
            if ids.count(account) > 1:
                raise ValueError(f"two accounts are named {account!r}")
        if self.default_account and self.default_account not in ids:
            raise ValueError(f"the default account {self.default_account!r} is none of the accounts")
        return self

    def account(self, account: str = "") -> AccountSettings | None:
        """The account of that id, or the one to call with when none is named; None when there is no account at all.

        Raises ``SettingsError`` when the one named does not exist.
        """
        if not account:
            account = self.default_account
            if not account:
                return self.accounts[0] if self.accounts else None
        for known in self.accounts:
            if known.id == account:
                return known
        there = ", ".join(known.id for known in self.accounts) or "none"
        raise SettingsError(f"There is no account '{account}'. Accounts: {there}.")

    def with_account(self, account: AccountSettings) -> Settings:
        """These settings with ``account`` added, or in the place of the one of its id."""
        others = tuple(known for known in self.accounts if known.id != account.id)
        return self._changed(accounts=(*others, account))

    def without_account(self, account: str) -> Settings:
        """These settings without the account of that id. Raises ``SettingsError`` when it does not exist."""
        self.account(account)
        left = tuple(known for known in self.accounts if known.id != account)
        default = "" if self.default_account == account else self.default_account
        return self._changed(accounts=left, default_account=default)

    def _changed(self, **fields: object) -> Settings:
        return Settings.model_validate({**dict(self), **fields})


def load(path: Path) -> Settings:
    """Read the settings; defaults when there is no file yet.

    Raises ``SettingsError`` for a file that cannot be used. The file is left as it is, and a copy of it is kept as
    ``NAME.bad``, so that nothing is lost when it is replaced later.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsError(f"The settings in {path} cannot be read: {error.strerror}.") from error
    try:
        tree = json.loads(content.decode())
        if isinstance(tree, dict) and isinstance(tree.get("version"), int) and tree["version"] > VERSION:
            raise SettingsError(
                f"The settings in {path} were written by a later version of Hold Slayer. "
                "Use that version, or move the file away to start with new settings."
            )
        return Settings.model_validate(tree)
    except (ValueError, RecursionError) as error:
        because = _first_complaint(error)
        try:
            kept = f" A copy is kept as {durable.keep_copy(path, 'bad').name}."
        except OSError as refused:
            kept = f" No copy could be made ({refused.strerror})."
        raise SettingsError(
            f"The settings in {path} cannot be used: {because}.{kept} "
            "Correct the file, or move it away to start with new settings."
        ) from error


def save(settings: Settings, path: Path) -> None:
    """Write the settings, all or nothing, readable by the user alone. Raises ``SettingsError``."""
    tree = settings.model_dump(mode="json", exclude_defaults=True)
    if settings.region == default_region():
        tree.pop("region", None)
    text = json.dumps({"version": settings.version, **tree}, indent=2, ensure_ascii=False) + "\n"
    try:
        durable.write(path, text.encode())
    except OSError as error:
        raise SettingsError(f"The settings cannot be written to {path}: {error.strerror}.") from error


def complaint(error: ValidationError) -> str:
    """The first thing pydantic found wrong, as part of a sentence. Values are not repeated."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"'{place}': {message}" if place else message


def _first_complaint(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return complaint(error)
    if isinstance(error, UnicodeDecodeError):
        return "it is not text"
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno} is not JSON ({error.msg.lower()})"
    return "it is nested too deeply"
