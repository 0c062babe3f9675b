"""``holdslayer doctor``: what is installed, what works, what is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.examination import Finding


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.option(
    "--trunks/--no-trunks",
    default=True,
    help="Whether to try the accounts set up (half a minute each at most).",
)
def command(as_json: bool, trunks: bool) -> int:
    """Look at everything the program needs: libraries, models, devices, the keyring, the trunks.

    "ok" works, "--" is not there and can be done without, "!!" is broken. The exit code is 1 when something is broken.
    """

    import asyncio

    from app.examination import State, examine

    marks = {State.FINE: "ok", State.ABSENT: "--", State.BROKEN: "!!"}

    def show(finding: Finding) -> None:
        if as_json:
            told = {
                "event": "finding",
                "subject": finding.subject,
                "state": finding.state.value,
                "text": finding.text,
            }
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo(f"{marks[finding.state]}  {finding.subject:22} {finding.text}")

    findings = asyncio.run(examine(show, trunks=trunks))
    broken = [finding.subject for finding in findings if finding.state is State.BROKEN]
    if broken:
        click.echo(f"holdslayer: Broken: {', '.join(broken)}.", err=True)
    return 1 if broken else 0
