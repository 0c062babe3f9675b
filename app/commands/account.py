"""``holdslayer account``: the telephone companies and switchboards that calls are made through."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.paths import Paths
    from engine.settings import AccountSettings, Settings
    from engine.storage.secrets import Secrets

MAX_PASSWORD = 1024


@click.group("account")
def command() -> None:
    """Set up the accounts (SIP trunks) that calls are made with."""


@command.command("add")
@click.argument("id")
@click.option("--host", required=True, help="Host name or address of the trunk.")
@click.option("--user", required=True, help="User name at the trunk.")
@click.option("--port", type=int, default=0, help="Port; default 5060, or 5061 with TLS.")
@click.option("--transport", type=click.Choice(["udp", "tcp", "tls"]), default="udp", show_default=True)
@click.option("--auth-user", default="", help="User name for the password check, when it is another one.")
@click.option("--caller-id", default="", help="Number to call from, when it differs from the user name.")
@click.option("--outbound-proxy", default="", metavar="SIP-URI", help="Send everything through this proxy.")
@click.option("--ca-file", default="", type=click.Path(), help="PEM file to check the TLS certificate with.")
@click.option("--register/--no-register", default=True, help="Whether the trunk wants registration.")
@click.option("--plus/--no-plus", default=True, help="Whether the trunk wants numbers with their plus sign.")
@click.option("--password/--no-password", "with_password", default=True, help="Whether there is a password.")
@click.option("--default", "is_default", is_flag=True, help="Make calls with this account.")
@click.option("--replace", is_flag=True, help="Replace the account of that name.")
def add(
    id: str,
    host: str,
    user: str,
    port: int,
    transport: str,
    auth_user: str,
    caller_id: str,
    outbound_proxy: str,
    ca_file: str,
    register: bool,
    plus: bool,
    with_password: bool,
    is_default: bool,
    replace: bool,
) -> None:
    """Add the account ID. The password is asked for, or read from stdin; it is never an argument.

    It is kept in the system's keyring, or, where there is none, in a file that only you can read.
    """
    from pydantic import ValidationError

    from engine.settings import AccountSettings, SettingsError, complaint, save
    from engine.sip.line import Transport

    folders, settings = _load()
    try:
        account = AccountSettings(
            id=id,
            host=host,
            user=user,
            port=port,
            transport=Transport(transport),
            auth_user=auth_user,
            caller_id=caller_id,
            outbound_proxy=outbound_proxy,
            ca_file=ca_file,
            registers=register,
            plus=plus,
        )
    except ValidationError as error:
        if any(fault["loc"] == ("id",) for fault in error.errors()):
            raise click.ClickException(
                f"'{id}' cannot be the name of an account: give it up to 40 letters and digits, "
                "'.', '-' and '_', without spaces."
            ) from error
        raise click.ClickException(f"The account is not complete: {complaint(error)}.") from error
    if not replace and any(known.id == id for known in settings.accounts):
        raise click.ClickException(f"There is an account '{id}' already. Use --replace to change it.")
    _check_file(ca_file)
    changed = settings.with_account(account)
    if is_default:
        changed = changed.model_copy(update={"default_account": id})
    password = _password(id) if with_password else ""
    secrets = _secrets(folders)
    before = secrets.get(id)
    if password:
        secrets.set(id, password)
    try:
        save(changed, folders.settings)
    except SettingsError:
        # Nothing half-written: the secret goes back to what it was.
        if password:
            secrets.delete(id) if before is None else secrets.set(id, before)
        raise
    if not password and before is not None:
        secrets.delete(id)
    click.echo(f"Account {id} is set up.")
    if password:
        click.echo(f"Its password is kept {secrets.where}.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
def list_accounts(as_json: bool) -> None:
    """List the accounts."""
    folders, settings = _load()
    if not settings.accounts and not as_json:
        click.echo("No account is set up. Add one with 'holdslayer account add'.")
    secrets = _secrets(folders)
    standard = settings.account()
    for account in settings.accounts:
        known = secrets.get(account.id) is not None
        if as_json:
            fields = account.model_dump(mode="json")
            click.echo(json.dumps({**fields, "password": known, "default": account == standard}))
            continue
        port = f":{account.port}" if account.port else ""
        marks = ["calls are made with it"] if account == standard else []
        marks += [] if known else ["no password"]
        click.echo(
            f"{account.id:16} {account.user}@{account.host}{port} over {account.transport.value}"
            f"{'  (' + ', '.join(marks) + ')' if marks else ''}"
        )


@command.command("test")
@click.argument("id", default="")
def test(id: str) -> int:
    """Register the account ID with its trunk and say whether that worked. Exit code 0 when it did."""
    import asyncio

    from app.trunk import try_account

    folders, settings = _load()
    account = _chosen(settings, id)
    password = _secrets(folders).get(account.id) or ""
    click.echo(f"Registering at {account.host}; this takes up to half a minute.", err=True)
    result = asyncio.run(try_account(account.with_password(password)))
    click.echo(f"{account.id}: {result.text}", err=not result.works)
    return 0 if result.works else 1


@command.command("remove")
@click.argument("id")
def remove(id: str) -> None:
    """Remove the account ID and its password."""
    from engine.settings import save

    folders, settings = _load()
    changed = settings.without_account(_chosen(settings, id).id)
    save(changed, folders.settings)
    _secrets(folders).delete(id)
    click.echo(f"Account {id} is removed.")


def _load() -> tuple[Paths, Settings]:
    from app import paths
    from engine import settings

    folders = paths.find()
    return folders, settings.load(folders.settings)


def _secrets(folders: Paths) -> Secrets:
    from engine.storage.secrets import Secrets

    return Secrets.open(folders.secrets)


def _chosen(settings: Settings, id: str) -> AccountSettings:
    account = settings.account(id)
    if account is None:
        raise click.ClickException("No account is set up. Add one with 'holdslayer account add'.")
    return account


def _check_file(path: str) -> None:
    if not path:
        return
    try:
        with open(path, "rb") as file:
            content = file.read(1_000_000)
    except OSError as error:
        raise click.ClickException(
            f"The certificate file {path} cannot be read: {error.strerror}."
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise click.ClickException(f"{path} holds no certificate in PEM form.")


def _password(id: str) -> str:
    """The password, typed unseen at a terminal, else the first line of stdin."""
    if sys.stdin is not None and sys.stdin.isatty():
        typed: str = click.prompt(f"Password of {id}", hide_input=True, err=True)
        password = typed
    else:
        password = (sys.stdin.readline(MAX_PASSWORD + 2) if sys.stdin is not None else "").rstrip("\r\n")
    if not password:
        raise click.ClickException(
            "No password came on stdin. Send it there, as in 'holdslayer account add ... < FILE', "
            "or use --no-password when the trunk wants none."
        )
    if len(password) > MAX_PASSWORD or not password.isprintable():
        raise click.ClickException(
            "What came on stdin is no password: it is too long or holds control characters."
        )
    return password
