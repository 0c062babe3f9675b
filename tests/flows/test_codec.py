"""Flow files: read strictly, written whole, errors as sentences."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flows
from flows import codec
from flows.codec import FlowError
from flows.model import Choice, Dtmf, Flow, HangUp, Hold, Listen, Speak, Transfer

DATA = Path(__file__).parent / "data"
OLD = sorted(DATA.glob("*.json"))


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.name)
def test_files_of_every_version_are_read(path: Path) -> None:
    flow = codec.load(path)
    assert codec.loads(codec.dumps(flow)) == flow


def test_a_file_of_version_1_says_what_it_said() -> None:
    flow = codec.load(DATA / "every-kind.v1.json")
    assert [step.kind for step in flow.steps] == ["dtmf", "listen", "speak", "hold", "transfer", "hangup"]
    listen = flow.step("main")
    assert isinstance(listen, Listen) and listen.take == "billing" and listen.patience_s == 45
    assert listen.choices[1] == Choice(label="sales", say="sales", next="bye")
    hold = flow.step("queue")
    assert isinstance(hold, Hold) and hold.expected_s == 240.5
    assert flow.numbers == ("+15550100", "sip:bank@example.org")


@pytest.mark.parametrize("name", flows.library())
def test_the_library_can_be_used(name: str) -> None:
    flow = codec.load(flows.LIBRARY / f"{name}.json")
    assert flow.id == name
    assert any(isinstance(step, Hold) for step in flow.steps)
    assert any(isinstance(step, Transfer) for step in flow.steps)
    assert (flows.LIBRARY / f"{name}.json").read_text(encoding="utf-8") == codec.dumps(flow)


def test_dump_and_load(tmp_path: Path) -> None:
    flow = codec.load(DATA / "every-kind.v1.json")
    path = tmp_path / "folder" / "bank.json"
    codec.dump(flow, path)
    codec.dump(flow, path)
    assert codec.load(path) == flow == codec.load(str(path))
    assert [p.name for p in path.parent.iterdir()] == ["bank.json"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = codec.load(DATA / "one-step.v1.json")
    path = tmp_path / "a.json"
    codec.dump(flow, path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FlowError, match="No space left"):
        codec.dump(codec.load(DATA / "every-kind.v1.json"), path)
    assert codec.load(path) == flow
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_it_cannot_be_written_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FlowError, match="cannot be written"):
        codec.dump(codec.load(DATA / "one-step.v1.json"), tmp_path / "file" / "a.json")


GOOD = (DATA / "every-kind.v1.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        (GOOD[:400], "cut short"),
        (GOOD[:-3], "cut short"),
        ("hello", "not JSON"),
        ('{"version": 1,, "flow": {}}', "not JSON"),
        ("[]", "needs the two entries"),
        ('{"version": 1}', "needs the two entries"),
        ('{"version": 2, "flow": {}}', "newer Hold Slayer"),
        ('{"version": "1", "flow": {}}', "no version"),
        ('{"version": true, "flow": {}}', "no version"),
        ('{"version": 0, "flow": {}}', "no version"),
        ('{"version": 1, "flow": []}', "no table"),
        ('{"version": 1, "flow": {}}', "Field required"),
        (GOOD.replace('"digits": "2"', '"digits": "two"'), "step 'main', choice 'billing', digits"),
        (GOOD.replace('"next": "queue"', '"next": "nowhere"'), "leads to 'nowhere'"),
        (GOOD.replace('"id": "queue"', '"id": "main"'), "two steps have the id 'main'"),
        (GOOD.replace('"kind": "speak"', '"kind": "sing"'), "sing"),
        (GOOD.replace('"take": "billing"', '"take": "nothing"'), "takes 'nothing'"),
        (GOOD.replace('"notes"', '"colour"'), "colour"),
        ("[" * 100_000, "nested too deeply|not JSON|cut short"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "bank.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FlowError, match=says) as caught:
        codec.load(path)
    assert "bank.json" in str(caught.value) and str(caught.value).endswith(".")
    assert "pydantic" not in str(caught.value)


def test_missing_folder_binary_and_huge_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FlowError, match="is not there"):
        codec.load(tmp_path / "none.json")
    with pytest.raises(FlowError, match="folder"):
        codec.load(tmp_path)
    (tmp_path / "x.json").write_bytes(bytes(range(256)))
    with pytest.raises(FlowError, match="UTF-8"):
        codec.load(tmp_path / "x.json")
    monkeypatch.setattr(codec, "LARGEST_BYTES", 10)
    with pytest.raises(FlowError, match="too large"):
        codec.load(DATA / "one-step.v1.json")


def test_a_hundred_thousand_steps_are_too_many() -> None:
    steps = [{"kind": "dtmf", "id": f"s{n}", "digits": "1", "next": "s0"} for n in range(100_000)]
    text = json.dumps({"version": 1, "flow": {"id": "long", "name": "Long", "start": "s0", "steps": steps}})
    with pytest.raises(FlowError, match="at most 10000") as caught:
        codec.loads(text)
    assert len(str(caught.value)) < 400


IDS = st.integers(0, 5).map(lambda n: f"s{n}")
TEXT = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20
).filter(lambda text: text.strip() == text and text)
DIGITS = st.text("0123456789*#ABCD", min_size=1, max_size=8)
STEP_MAKERS = st.one_of(
    st.builds(lambda d, n, p: lambda i: Dtmf(id=i, digits=d, next=n, prompt=p), DIGITS, IDS, TEXT),
    st.builds(lambda t, n: lambda i: Speak(id=i, text=t, next=n), TEXT, IDS),
    st.builds(lambda e: lambda i: Hold(id=i, expected_s=e), st.none() | st.floats(0, 1e6)),
    st.builds(
        lambda label, d, n: lambda i: Listen(id=i, choices=(Choice(label=label, digits=d, next=n),)),
        TEXT,
        DIGITS,
        IDS,
    ),
    st.just(lambda i: Transfer(id=i)),
    st.just(lambda i: HangUp(id=i)),
)


@given(st.lists(STEP_MAKERS, min_size=6, max_size=6), TEXT)
def test_any_flow_survives_being_written(makers: list, name: str) -> None:  # type: ignore[type-arg]
    flow = Flow(id="f", name=name, start="s0", steps=tuple(make(f"s{n}") for n, make in enumerate(makers)))
    assert codec.loads(codec.dumps(flow)) == flow


@given(st.text(max_size=200))
def test_any_text_is_a_flow_or_a_sentence(text: str) -> None:
    with pytest.raises(FlowError):
        codec.loads(text)
