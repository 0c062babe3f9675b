"""``holdslayer slay``: call a number, wait on hold, ring when a person speaks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import require_display

if TYPE_CHECKING:
    from app.compose import Core
    from engine.commands import Command
    from engine.numbers import Dialable
    from engine.settings import Settings
    from flows.model import Flow


@click.command("slay")
@click.argument("number")
@click.option("--for", "intent", default="", metavar="INTENT", help="What you want of them, in a few words.")
@click.option("--company", default="", help="Their name, for the window and the history.")
@click.option(
    "--flow", "flow_file", metavar="FILE", help="Call flow to follow; without one the menu is explored."
)
@click.option("--account", default="", metavar="ID", help="Account to call with; default: the one set up.")
@click.option("--headless", is_flag=True, help="In the terminal, without a window.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines (with --headless).")
def command(
    number: str, intent: str, company: str, flow_file: str | None, account: str, headless: bool, as_json: bool
) -> int:
    """Call NUMBER, walk its menu, wait on hold, and ring when a person speaks.

    NUMBER is a telephone number as it is written where you are, or a SIP address (sip:name@host), which is called
    directly. Emergency numbers are dialled at once with your voice connected, and nothing is slain. In the terminal the
    exit code is 0 when a person came.
    """
    from app import paths
    from engine import numbers
    from engine import settings as settings_file

    settings = settings_file.load(paths.find().settings)
    dialable = numbers.parse(number, settings.region)
    if account:
        settings.account(account)  # a sentence when there is none of that name
        settings = settings.model_copy(update={"default_account": account})
    dialable.uri(None if dialable.sip else settings.account())
    if not dialable.emergency and not intent.strip():
        raise click.UsageError("Say what you want with --for, for instance --for 'cancel my order'.")
    wish = Wish(number, dialable, intent.strip(), company, _flow(flow_file, dialable))
    if headless or as_json or (dialable.emergency and not _has_display()):
        import asyncio

        return asyncio.run(_headless(settings, wish, as_json))
    require_display()
    from app.compose import Core
    from app.run import run_window

    core = Core(settings=settings)
    return run_window(core, lambda: [wish.command(core)])


class Wish:
    """Whom to call and what for."""

    def __init__(self, number: str, dialable: Dialable, intent: str, company: str, flow: Flow | None) -> None:
        self._number = number
        self._company = company
        self._flow = flow
        self._intent = intent
        self.dialable = dialable

    def command(self, core: Core) -> Command:
        """The wish as the gateway takes it."""
        from engine.commands import PlaceCall, SlayHold

        if self.dialable.emergency:
            return PlaceCall(self._number, self._company)
        flow = self._flow or core.flows.for_number(self.dialable.number)
        if flow is not None:
            core.flows.add(flow)
        company = self._company or (flow.company if flow is not None else "")
        return SlayHold(self._number, self._intent, company, flow.id if flow is not None else "")


def _flow(file: str | None, dialable: Dialable) -> Flow | None:
    if file is None or dialable.emergency:
        return None
    from flows import codec

    return codec.load(Path(file))


def _has_display() -> bool:
    try:
        require_display()
    except click.ClickException:
        return False
    return True


def without_models(settings: Settings) -> Settings:
    """For an emergency call: nothing is loaded that it does not need."""
    from engine.settings import Deciding, Hearing

    return settings.model_copy(
        update={"hearing": Hearing(embedded=False), "deciding": Deciding(matcher=False)}
    )


async def _headless(settings: Settings, wish: Wish, as_json: bool) -> int:
    from app.compose import Core
    from app.headless import Headless
    from app.output import Output

    out = Output(as_json)
    if wish.dialable.emergency:
        out.remark(
            f"{wish.dialable.display} is an emergency number: it is dialled at once with your voice connected. "
            "Ctrl+C hangs up."
        )
    attended = sys.stdin is not None and sys.stdin.isatty() and not as_json
    if wish.dialable.emergency:
        settings = without_models(settings)
    core = Core(settings=settings, look_for_devices=False)
    summary, code = await Headless(core, out, attended=attended).run(lambda: wish.command(core))
    if code or summary is None:
        return code or 1
    return 0 if summary.outcome in ("human", "completed") else 1
