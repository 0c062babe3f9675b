"""Finding call flows."""

from __future__ import annotations

from pathlib import Path

from app.library import SHIPPED, Library
from flows import codec
from flows.model import Flow, Hold


def flow(id: str, **more: object) -> Flow:
    return Flow(id=id, name=f"Flow {id}", start="wait", steps=(Hold(id="wait"),), **more)  # type: ignore[arg-type]


def test_shipped_flows_are_all_usable(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.load()
    assert library.notices == ()
    assert {f.id for f in library.all} == {path.stem for path in SHIPPED.glob("*.json")}
    assert (
        library.for_company("harbor-bank") is library.for_company("Harbor Bank") is library.get("harbor-bank")
    )


def test_the_user_s_own_take_the_place_of_shipped_ones(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    codec.dump(flow("a", company="Shipped"), shipped / "a.json")
    codec.dump(flow("b", company="Bee", numbers=("+12125550100",)), shipped / "b.json")
    codec.dump(flow("a", company="Mine"), own / "mine.json")
    library = Library(own, shipped)
    assert library.all == ()
    library.load()
    assert [f.company for f in library.all] == ["Mine", "Bee"]
    assert library.for_number("+12125550100") == library.get("b")
    assert library.for_number("+12125550199") is None
    assert library.for_company("") is None
    library.add(flow("c"))
    assert library.get("c") is not None


def test_a_damaged_file_keeps_no_other_away(tmp_path: Path) -> None:
    codec.dump(flow("a"), tmp_path / "own" / "a.json")
    (tmp_path / "own" / "b.json").write_text("{")
    library = Library(tmp_path / "own", tmp_path / "none")
    library.load()
    assert [f.id for f in library.all] == ["a"]
    assert "b.json" in library.notices[0]
