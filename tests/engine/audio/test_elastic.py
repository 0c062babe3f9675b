"""The elastic buffer against simulated clocks: drift, bursts, starts, pauses."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.audio.elastic import ElasticBuffer

RATE = 48_000
BLOCK = CLOCK_BLOCK = 960  # the call's clock
DEVICE_BLOCK = 480  # PortAudio's callback
MICROPHONE = (DEVICE_BLOCK, CLOCK_BLOCK)
SPEAKER = (CLOCK_BLOCK, DEVICE_BLOCK)


def _tone(count: int, start: int = 0, hz: float = 600.0) -> np.ndarray:
    n = np.arange(start, start + count)
    return np.rint(8000 * np.sin(2 * np.pi * hz * n / RATE)).astype(np.int16)


def _run(
    buffer: ElasticBuffer,
    seconds: float,
    drift: float,
    sound: str = "tone",
    put_block: int = DEVICE_BLOCK,
    get_block: int = CLOCK_BLOCK,
) -> tuple[np.ndarray, list[float]]:
    """Two clocks side by side; the putter is ``drift`` faster. Returns what came out, and the reserves after gets."""
    out, reserves, put, got = [], [], 0, 0
    while got < seconds * RATE:
        due = got * (1 + drift) + CLOCK_BLOCK
        while put + put_block <= due:
            buffer.put(np.zeros(put_block, np.int16) if sound == "silence" else _tone(put_block, put))
            put += put_block
        out.append(buffer.get(get_block))
        reserves.append(buffer.depth_s)
        got += get_block
    return np.concatenate(out), reserves


def _largest_step(samples: np.ndarray) -> int:
    return int(np.abs(np.diff(samples.astype(np.int32))).max())


SMOOTH_STEP = 8000 * 2 * np.pi * 600 / RATE * 1.1  # the steepest place of the tone, and a little


def test_equal_clocks_pass_sound_through_unchanged() -> None:
    buffer = ElasticBuffer(RATE)
    out, reserves = _run(buffer, 10, 0.0)
    start = int(np.flatnonzero(out)[0])
    assert start <= 3 * BLOCK
    first = next(n for n in range(RATE) if np.array_equal(_tone(100, n), out[start : start + 100]))
    assert np.array_equal(out[start:], _tone(len(out) - start, first))
    assert min(reserves[5:]) >= 0.015 and max(reserves[5:]) <= 0.035
    assert (buffer.underruns, buffer.trims, buffer.corrections) == (0, 0, 0)


@pytest.mark.parametrize("blocks", [MICROPHONE, SPEAKER], ids=["microphone", "speaker"])
@pytest.mark.parametrize("drift", [-3e-4, -5e-5, 5e-5, 3e-4])
def test_drift_is_followed_without_a_gap_or_a_click(drift: float, blocks: tuple[int, int]) -> None:
    buffer = ElasticBuffer(RATE)
    out, reserves = _run(buffer, 400, drift, "tone", *blocks)
    assert (buffer.underruns, buffer.trims) == (0, 0)
    assert buffer.corrections > 0 or abs(drift) < 1e-4  # slow ones stay within the bounds all the while
    assert min(reserves[100:]) > 0.002 and max(reserves[100:]) < 0.055
    assert np.mean(reserves[100:]) < 0.045
    assert _largest_step(out[6 * BLOCK :]) <= SMOOTH_STEP


@pytest.mark.parametrize("drift", [-3e-4, 3e-4])
def test_in_silence_drift_is_made_up_for_at_once(drift: float) -> None:
    buffer = ElasticBuffer(RATE)
    _, reserves = _run(buffer, 600, drift, "silence")
    assert (buffer.underruns, buffer.trims) == (0, 0)
    assert buffer.corrections > 400  # in jumps of some 10 ms
    assert min(reserves[100:]) > 0.002 and max(reserves[100:]) < 0.055


def test_what_waited_while_the_device_started_is_thrown_away() -> None:
    buffer = ElasticBuffer(RATE)
    for n in range(40):
        buffer.put(_tone(BLOCK, n * BLOCK))
    assert buffer.depth_s == pytest.approx(0.8)
    buffer.get(BLOCK)
    assert buffer.depth_s == pytest.approx(0.022, abs=0.001)
    assert buffer.trims == 1


def test_a_burst_is_trimmed_while_running() -> None:
    buffer = ElasticBuffer(RATE)
    _run(buffer, 2, 0.0)
    for n in range(20):
        buffer.put(_tone(BLOCK, n * BLOCK))
    buffer.get(BLOCK)
    assert buffer.depth_s == pytest.approx(0.022, abs=0.001)
    assert buffer.trims == 1


def test_bursts_of_three_blocks_are_no_delay_and_no_gap() -> None:
    buffer = ElasticBuffer(RATE)
    out, reserves = _run(buffer, 60, 0.0, put_block=3 * BLOCK)
    late = out[20 * RATE :]
    assert _largest_step(late) <= SMOOTH_STEP
    assert np.count_nonzero(late) > 0.97 * len(late)
    assert max(reserves[1000:]) < 0.12


def test_a_pause_is_silence_and_no_reason_for_more_delay() -> None:
    buffer = ElasticBuffer(RATE)
    for _ in range(10):
        _run(buffer, 1, 0.0)
        for _ in range(50):
            last = buffer.get(BLOCK)
        assert not last.any()
    _, reserves = _run(buffer, 2, 0.0)
    assert buffer.underruns == 10
    assert max(reserves[10:]) < 0.035


def test_nobody_gets_then_the_buffer_fills_and_nothing_breaks() -> None:
    buffer = ElasticBuffer(RATE)
    for n in range(500):
        buffer.put(_tone(BLOCK, n * BLOCK))
    assert buffer.depth_s <= 1.0
    assert len(buffer.get(BLOCK)) == BLOCK


@pytest.mark.parametrize("count", [1, 17, 441, 960, 4096])
def test_every_get_gives_what_was_asked_for(count: int) -> None:
    buffer = ElasticBuffer(RATE)
    rng = np.random.default_rng(count)
    for _ in range(2000):
        buffer.put(_tone(int(rng.integers(0, 2 * count + 1))))
        assert len(buffer.get(count)) == count
        assert 0.0 <= buffer.depth_s <= 1.0


def test_two_threads_never_see_torn_sound() -> None:
    """The getter only ever sees the ramp going on, silence, or a jump forwards in it."""
    buffer = ElasticBuffer(RATE)
    done = threading.Event()

    def put() -> None:
        n = 1
        for _ in range(4000):
            buffer.put((np.arange(n, n + 100) % 20_000 + 1).astype(np.int16))
            n += 100
        done.set()

    thread = threading.Thread(target=put)
    thread.start()
    broken = 0
    while not done.is_set():
        piece = buffer.get(100)
        heard = piece[piece > 0].astype(np.int32)
        steps = np.diff(heard)
        broken += int(np.count_nonzero((steps < 0) & (steps > -19_000)))
    thread.join()
    assert broken == 0
