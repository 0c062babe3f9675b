"""Statistics of few numbers: the same as numpy's, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.hearing.features import framed
from engine.hearing.quantiles import between

numbers = arrays.arrays(np.float32, st.integers(1, 60), elements=st.floats(-200, 200, width=32))
percents = st.integers(0, 100)


@given(numbers, percents)
def test_one_quantile(values: np.ndarray, percent: int) -> None:
    found = between(np.sort(values), percent / 100)
    assert found == np.percentile(values, percent)
    assert found.dtype == np.float32


@given(arrays.arrays(np.float32, (9, 4), elements=st.floats(-90, 0, width=32)), percents)
def test_each_column(values: np.ndarray, percent: int) -> None:
    found = between(np.sort(values, axis=0), percent / 100)
    np.testing.assert_array_equal(found, np.percentile(values, percent, axis=0))


@pytest.mark.parametrize(("length", "width", "hop"), [(512, 512, 160), (2000, 512, 160), (3000, 2048, 800)])
def test_frames(length: int, width: int, hop: int) -> None:
    sound = np.arange(length, dtype=np.float32)
    expected = np.lib.stride_tricks.sliding_window_view(sound, width)[::hop]
    np.testing.assert_array_equal(framed(sound, width, hop), expected)
    np.testing.assert_array_equal(framed(sound[3:], width - 3, hop)[0], sound[3:width])
