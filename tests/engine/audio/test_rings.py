"""Rings: never wrong sound, whatever the sizes; shared ones leave nothing behind."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.memory_ring import CHUNK_SAMPLES, MemoryRing
from engine.audio.ring import Samples, SoundLost
from engine.audio.shared_ring import SharedRing, SoundBlock


def counting(start: int, count: int) -> Samples:
    """Samples that say their own index (modulo 65536)."""
    return np.arange(start, start + count).astype(np.uint16).view(np.int16)


@pytest.fixture
def block() -> Iterator[SoundBlock]:
    made = SoundBlock.create((0.5, 0.25, 0.5))
    yield made
    made.close()


@given(
    capacity=st.integers(2 * CHUNK_SAMPLES, 6000),
    sizes=st.lists(st.integers(0, 3000), max_size=12),
    data=st.data(),
)
def test_a_tap_gives_right_sound_or_says_it_is_lost(
    capacity: int, sizes: list[int], data: st.DataObject
) -> None:
    ring = MemoryRing(capacity / 16000)
    written = 0
    for size in sizes:
        ring.append(counting(written, size))
        written += size
    assert ring.written == written
    assert ring.oldest == max(0, written - capacity + CHUNK_SAMPLES)
    start, count = data.draw(st.integers(0, written + 10)), data.draw(st.integers(0, 4000))
    if start < ring.oldest:
        with pytest.raises(SoundLost) as raised:
            ring.read(start, count)
        assert raised.value.first == ring.oldest
        return
    heard = ring.read(start, count)
    assert len(heard) == max(0, min(count, written - start))
    np.testing.assert_array_equal(heard, counting(start, len(heard)))


@given(st.lists(st.tuples(st.sampled_from(["write", "take", "clear"]), st.integers(0, 5000)), max_size=30))
def test_talk_is_played_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    ring = MemoryRing(4096 / 16000)
    written = played = 0
    for what, count in steps:
        match what:
            case "write":
                room = ring.room
                assert room == 4096 - CHUNK_SAMPLES - (written - played)
                assert ring.write(counting(written, count)) == min(count, room)
                written += min(count, room)
            case "take":
                said = ring.take(count)
                assert len(said) == min(count, written - played)
                np.testing.assert_array_equal(said, counting(played, len(said)))
                played += len(said)
            case _:
                ring.clear()
                played = written
        assert (ring.written, ring.played) == (written, played)


@pytest.mark.parametrize(("start", "count"), [(-1, 5), (0, -5)])
def test_nonsense_is_refused(start: int, count: int) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        MemoryRing(1.0).read(start, count)
    with pytest.raises(ValueError, match="too small"):
        MemoryRing(0.001)
    with pytest.raises(ValueError, match="every ring"):
        SoundBlock.create((1.0, 0.001))


def test_rings_of_a_block_do_not_touch_each_other(block: SoundBlock) -> None:
    rings = [block.ring(index) for index in range(3)]
    for index, ring in enumerate(rings):
        ring.append(np.full(20000, index + 1, dtype=np.int16))
    for index, ring in enumerate(rings):
        assert set(ring.read(ring.oldest, 20000)) == {index + 1}
        assert ring.index == index
    assert rings[1].oldest == 20000 - 4000 + CHUNK_SAMPLES


def test_two_views_of_one_ring(block: SoundBlock) -> None:
    other = SoundBlock.attach(block.name)
    try:
        writer, reader = other.ring(0), block.ring(0)
        writer.append(counting(0, 5000))
        np.testing.assert_array_equal(reader.read(1000, 2000), counting(1000, 2000))
        assert block.ring(1).write(counting(0, 100)) == 100
        np.testing.assert_array_equal(other.ring(1).take(60), counting(0, 60))
        assert block.ring(1).played == 60
    finally:
        other.close()


def test_a_ring_given_to_another_leg_reads_as_lost(block: SoundBlock) -> None:
    before = block.ring(0)
    before.append(counting(0, 4000))
    before.retire()
    after = block.ring(0)
    after.reset()
    after.append(np.full(2000, 7, dtype=np.int16))
    with pytest.raises(SoundLost):
        before.read(100, 100)
    assert before.written == before.oldest == 4000
    before.append(counting(0, 500))
    assert before.write(counting(0, 500)) == 0
    assert len(before.take(100)) == 0
    assert after.written == 2000
    assert set(after.read(0, 2000)) == {7}


def test_a_closed_block_keeps_the_clock_and_gives_no_sound(block: SoundBlock) -> None:
    ring = block.ring(0)
    ring.append(counting(0, 3000))
    block.close()
    block.close()
    assert ring.written == ring.oldest == 3000
    assert ring.room == 0
    with pytest.raises(SoundLost):
        ring.read(0, 10)
    assert len(ring.read(3000, 10)) == 0
    assert len(ring.take(10)) == 0
    ring.append(counting(0, 10))
    ring.clear()
    with pytest.raises(FileNotFoundError):
        SoundBlock.attach(block.name)


def test_memory_of_another_program_is_refused() -> None:
    memory = SharedMemory(create=True, size=4096)
    try:
        with pytest.raises(ValueError, match="does not hold rings"):
            SoundBlock(memory, owner=False)
    finally:
        memory.close()
        memory.unlink()


def _write_a_lot(name: str, total: int) -> None:
    block = SoundBlock.attach(name)
    ring = block.ring(0)
    for start in range(0, total, 320):
        ring.append(counting(start, 320))
    block.close()


def test_a_reader_beside_a_fast_writer_in_another_process(block: SoundBlock) -> None:
    total = 320 * 20_000
    writer = multiprocessing.get_context("spawn").Process(target=_write_a_lot, args=(block.name, total))
    writer.start()
    ring: SharedRing = block.ring(0)
    at = pieces = 0
    while at < total:
        try:
            heard = ring.read(at, 4000)
        except SoundLost as lost:
            at = lost.first
            continue
        np.testing.assert_array_equal(heard, counting(at, len(heard)))
        at += len(heard)
        pieces += bool(len(heard))
    writer.join()
    assert writer.exitcode == 0
    assert pieces > 10


@settings(deadline=None, max_examples=5)
@given(st.integers(1, 2000))
def test_a_reader_beside_a_writer_in_another_thread(size: int) -> None:
    ring = MemoryRing(0.2)
    total = 200 * size

    def write() -> None:
        for start in range(0, total, size):
            ring.append(counting(start, size))

    writer = threading.Thread(target=write)
    writer.start()
    at = 0
    while at < total:
        try:
            heard = ring.read(at, 700)
        except SoundLost as lost:
            assert lost.first > at
            at = lost.first
            continue
        np.testing.assert_array_equal(heard, counting(at, len(heard)))
        at += len(heard)
    writer.join()
