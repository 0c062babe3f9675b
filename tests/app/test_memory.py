"""What is remembered of companies, from the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from engine.deciding.expecting import Wait
from engine.hearing.prints import FRAME_BYTES, Print, Prints
from engine.storage.companies import Companies
from engine.storage.company import CompanyMemory, Lesson
from flows import codec
from tests.app.conftest import Ran

Holdslayer = Callable[..., Ran]
PRINTS = Prints((Print(bytes(n % 243 for n in range(60 * FRAME_BYTES))),))
KNOWN = CompanyMemory(PRINTS, ("please hold the line",), (Wait(0, 9, 300.0),), (("human", 1),))


def teach(home: Path, name: str, number: str = "+12125550100") -> None:
    async def work() -> None:
        companies = Companies(home / "data" / "companies")
        await companies.start()
        companies.teach(number, name, Lesson(add=KNOWN))
        await companies.stop()

    asyncio.run(work())


def test_show_and_forget(holdslayer: Holdslayer, home: Path) -> None:
    assert "Nothing is remembered" in holdslayer("memory", "show", "Harbor Bank").out
    teach(home, "Harbor Bank")
    for company in ("Harbor Bank", "+1 212 555 0100", "harbor-bank"):
        (shown,) = holdslayer("memory", "show", company, "--json").lines
        assert (shown["announcements"], shown["sentences"]) == (1, ["please hold the line"]), company
        assert (shown["waits_s"], shown["outcomes"]) == ([300.0], {"human": 1})
    said = holdslayer("memory", "show", "Harbor Bank").out
    assert "usual wait 5.0 min" in said and "please hold the line" in said
    assert holdslayer("memory", "forget", "Harbor Bank").code == 0
    refused = holdslayer("memory", "forget", "Harbor Bank")
    assert refused.code == 1 and "Nothing is remembered" in refused.err


def test_exported_and_imported(holdslayer: Holdslayer, home: Path, tmp_path: Path) -> None:
    teach(home, "Harbor Bank")
    file = tmp_path / "bank.json"
    assert holdslayer("memory", "export", "harbor-bank", str(file)).code == 0
    flow = codec.load(file)
    assert flow.learned is not None and flow.learned.waits_s == (300.0,)
    assert "weekday" not in file.read_text() and "555" not in json.dumps(flow.learned.model_dump())
    holdslayer("memory", "forget", "Harbor Bank")
    assert holdslayer("memory", "import", str(file)).code == 0
    (shown,) = holdslayer("memory", "show", "Harbor Bank", "--json").lines
    assert (shown["announcements"], shown["sentences"]) == (1, ["please hold the line"])


def test_what_cannot_be_shared_or_taken_in_is_said(holdslayer: Holdslayer, tmp_path: Path) -> None:
    refused = holdslayer("memory", "export", "Nobody Knows", str(tmp_path / "x.json"))
    assert refused.code == 1 and "no call flow" in refused.err
    plain = tmp_path / "plain.json"
    plain.write_text(
        '{"version": 1, "flow": {"id": "a", "name": "A", "start": "e", "steps": [{"id": "e", "kind": "hangup"}]}}'
    )
    refused = holdslayer("memory", "import", str(plain))
    assert refused.code == 1 and "without anything that was learned" in refused.err
    plain.write_text(
        '{"version": 1, "flow": {"id": "a", "name": "A", "start": "e", "learned": {"prints": "prints1:AAAA"},'
        ' "steps": [{"id": "e", "kind": "hangup"}]}}'
    )
    refused = holdslayer("memory", "import", str(plain))
    assert refused.code == 1 and "damaged" in refused.err
