"""``holdslayer practice``: start a pretend company that really answers, and slay its hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli import require_display

if TYPE_CHECKING:
    from app.compose import Core
    from app.summary import Summary
    from engine.commands import SlayHold
    from engine.practice.exchange import Exchange
    from engine.practice.scenario import Intent, Scenario
    from engine.sip.line import LineSettings

DEFAULT_COMPANY = "harbor-bank"
"""A short menu, a queue with announcements, and a person at the end: what a newcomer should see."""

LIMIT_S = 900.0
"""No practice call takes longer; one that does has gone wrong."""


@click.command("practice")
@click.argument("company", default=DEFAULT_COMPANY)
@click.option(
    "--for", "intent", default="", metavar="INTENT", help="What you want; default: the company's first."
)
@click.option("--headless", is_flag=True, help="In the terminal, without a window.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines (with --headless).")
@click.option(
    "--flow/--no-flow", default=True, show_default=True, help="Use the stored call flow, or explore."
)
@click.option("--list", "list_them", is_flag=True, help="List the companies and what can be wanted of them.")
def command(
    company: str, intent: str, headless: bool, as_json: bool, flow: bool, list_them: bool
) -> int | None:
    """Call a pretend company on this computer, wait on hold, and ring when its person speaks.

    COMPANY is one of those that --list shows, or a scenario file. Nothing leaves this computer. In the terminal the
    exit code is 0 when the call went as it should.
    """
    if list_them:
        return _list(as_json)
    from engine.practice import scenario as scenarios

    scenario = scenarios.load(company)
    wish = Wish(scenario, company, intent, flow)
    if headless or as_json:
        import asyncio

        return asyncio.run(_headless(wish, as_json))
    require_display()
    from app.compose import Core
    from app.run import run_window

    visit = Visit(wish)
    core = Core(line=_line(), guest=visit)
    return run_window(core, lambda: [wish.command(core, visit.uri)])


class Wish:
    """Whom to call and what for."""

    def __init__(self, scenario: Scenario, source: str, intent: str, use_flow: bool) -> None:
        self.scenario = scenario
        self.source = source
        self.words = intent.strip() or scenario.intent.words
        self._use_flow = use_flow

    @property
    def expected(self) -> Intent | None:
        """What is right for this intent; None when the scenario does not say."""
        for known in self.scenario.intents:
            if known.words.casefold() == self.words.casefold():
                return known
        return None

    def command(self, core: Core, uri: str) -> SlayHold:
        """The wish as the gateway takes it."""
        from engine.commands import SlayHold

        flow = core.flows.for_company(self.scenario.id) if self._use_flow else None
        return SlayHold(
            number=uri,
            intent=self.words,
            company=self.scenario.name,
            flow=flow.id if flow is not None else "",
        )


class Visit:
    """The company beside the window: opens when the program has started, closes with it. ``uri`` is what to dial."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._exchange: Exchange | None = None
        self.uri = ""

    async def arrive(self, core: Core) -> None:
        """Open the company."""
        from engine.practice.exchange import Exchange

        self._exchange = Exchange([self._wish.source])
        self.uri = (await self._exchange.start())[self._wish.scenario.id]

    async def leave(self) -> None:
        """Close the company."""
        if self._exchange is not None:
            await self._exchange.stop()


async def _headless(wish: Wish, as_json: bool) -> int:
    import asyncio

    from app.compose import Core
    from app.headless import Headless
    from app.output import Output
    from engine.practice.exchange import Exchange

    out = Output(as_json)
    exchange = Exchange([wish.source])
    opening = asyncio.create_task(exchange.start())  # both need a second or two: at the same time
    core = Core(line=_line(), look_for_devices=False)
    try:
        await opening
        uri = exchange.uris()[wish.scenario.id]
        call = Headless(core, out, limit_s=LIMIT_S, company=wish.scenario.id)
        summary, code = await call.run(lambda: wish.command(core, uri), exchange.reports)
    finally:
        await asyncio.gather(opening, return_exceptions=True)
        await exchange.stop()
    return code or _grade(wish, summary)


def _grade(wish: Wish, summary: Summary | None) -> int:
    """0 when the call went as the scenario says it should."""
    expected = wish.expected
    if summary is None:
        return 1
    wrong = []
    if expected is not None and summary.outcome != expected.outcome:
        wrong.append(f"it should have ended with '{expected.outcome}', and ended with '{summary.outcome}'")
    if expected is None and summary.outcome == "failed":
        wrong.append("it failed")
    if summary.false_rings:
        wrong.append(f"it rang {summary.false_rings} times for no person")
    if wrong:
        click.echo(f"holdslayer: Not as it should be: {'; '.join(wrong)}.", err=True)
    return 1 if wrong else 0


def _line() -> LineSettings:
    from engine.practice.exchange import ADDRESS
    from engine.sip.line import LineSettings

    return LineSettings(bind=ADDRESS, sound=True)


def _list(as_json: bool) -> int:
    import json

    from engine.practice import scenario as scenarios

    for name in scenarios.names():
        scenario = scenarios.load(name)
        if as_json:
            intents = [intent.model_dump() for intent in scenario.intents]
            click.echo(json.dumps({"company": name, "story": scenario.story, "intents": intents}))
            continue
        click.echo(f"{name:24} {scenario.story}")
        for intent in scenario.intents:
            click.echo(f"{'':26}--for '{intent.words}'")
    return 0
