"""``holdslayer memory``: what is remembered of companies, and sharing it with their call flows."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from engine.storage.companies import Companies
    from engine.storage.company import CompanyMemory
    from flows.model import Flow

T = TypeVar("T")


@click.group("memory")
def command() -> None:
    """See what calls have taught of a company, share it, forget it.

    COMPANY is a company's name, the id of its call flow, a telephone number, or a SIP address.
    """


@command.command("show")
@click.argument("company")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(company: str, as_json: bool) -> None:
    """Say what is remembered of COMPANY."""
    known = _run(_recall(company))
    waits_s = [wait.length_s for wait in known.waits]
    table = {
        "company": company,
        "announcements": len(known.prints.utterances),
        "announcements_s": round(known.prints.length_s, 1),
        "sentences": list(known.sentences),
        "waits_s": [round(wait_s, 1) for wait_s in waits_s],
        "outcomes": dict(known.outcomes),
    }
    if as_json:
        click.echo(json.dumps(table, ensure_ascii=False))
        return
    from engine.storage.company import CompanyMemory

    if known == CompanyMemory():
        click.echo(f"Nothing is remembered of {company}.")
        return
    click.echo(f"{_counted(len(known.prints.utterances), 'announcement')} ({known.prints.length_s:.0f} s)")
    if waits_s:
        from statistics import median

        click.echo(f"usual wait {median(waits_s) / 60:.1f} min (from {_counted(len(waits_s), 'call')})")
    for name, count in known.outcomes:
        click.echo(f"{count} x {name.replace('_', ' ')}")
    for sentence in known.sentences:
        click.echo(f"  “{sentence}”")


@command.command("export")
@click.argument("company")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--flow", "flow_id", default="", help="Id of the call flow to share it with; default: COMPANY's own."
)
def export(company: str, file: Path, flow_id: str) -> None:
    """Write COMPANY's call flow with what was learned of it to FILE.

    Nothing of it tells who called, or when: fingerprints of announcements from which no sound can be made, what they
    say, and how long waits were.
    """
    from engine.storage.company import shared
    from flows import codec

    library = _library()
    flow = library.get(flow_id or company) or library.for_company(company) or library.for_number(company)
    if flow is None:
        raise click.ClickException(
            f"There is no call flow for {company!r} to share it with. Name one with --flow."
        )
    known = _run(_recall(company, flow))
    codec.dump(shared(flow, known), file)
    click.echo(f"{file}: {flow.name}, {_counted(len(known.prints.utterances), 'announcement')}", err=True)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Remember what came with the call flow in FILE, besides what is remembered already."""
    from engine.storage.company import Lesson, of_flow
    from flows import codec

    flow = codec.load(file)
    if flow.learned is None:
        raise click.ClickException(f"{file} is a call flow without anything that was learned.")
    try:
        lesson = Lesson(add=of_flow(flow))
    except ValueError as error:
        raise click.ClickException(str(error)) from error

    async def teach() -> None:
        async with _Open() as companies:
            companies.teach("", flow.company or flow.name, lesson)
            await companies.flush()

    _run(teach())
    count = len(lesson.add.prints.utterances)
    click.echo(f"{flow.company or flow.name}: {_counted(count, 'announcement')} came with the flow", err=True)


@command.command("forget")
@click.argument("company")
def forget(company: str) -> None:
    """Forget all that calls have taught of COMPANY."""

    async def drop() -> bool:
        async with _Open() as companies:
            return await companies.forget(*_whom(company))

    if not _run(drop()):
        raise click.ClickException(f"Nothing is remembered of {company!r}.")


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio  # slow to import, and the help does without

    return asyncio.run(work)


class _Open:
    """The memory of companies, open as long as it is needed; what was damaged is told on stderr."""

    async def __aenter__(self) -> Companies:
        from app import paths
        from engine.storage.companies import Companies

        self._companies = Companies(paths.find().companies)
        await self._companies.start()
        return self._companies

    async def __aexit__(self, *_: object) -> None:
        await self._companies.stop()
        for notice in self._companies.notices:
            click.echo(notice, err=True)


async def _recall(company: str, flow: Flow | None = None) -> CompanyMemory:
    number, name = _whom(company)
    if flow is not None:
        name = flow.company or flow.name
    async with _Open() as companies:
        return await companies.recall(number, name)


def _whom(company: str) -> tuple[str, str]:
    """(number, name): a flow's id stands for its company, what can be dialled is a number, all else a name."""
    from app import paths
    from engine import settings
    from engine.numbers import NumberError, parse

    flow = _library().get(company)
    if flow is not None:
        return "", flow.company or flow.name
    try:
        return parse(company, settings.load(paths.find().settings).region).number, ""
    except NumberError:
        return "", company


def _library() -> _Library:
    from app import paths
    from app.library import Library

    library = Library(paths.find().flows)
    library.load()
    return library


if TYPE_CHECKING:
    from app.library import Library as _Library
