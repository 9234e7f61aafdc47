"""The curve shows what the numbers say."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.cli.loss_curve import ASCII_TRAINING, VALIDATION, loss_curve

NUMBERS = st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf, 0.0, 1e-300])


def test_levels_and_labels_are_those_of_the_values() -> None:
    lines = loss_curve([8, 4, 2, 1], width=24, height=4, unicode=False)
    assert [line[:10].strip() for line in lines[:4]] == ["8", "2.83", "", "1"]  # logarithmic: √(8 · 1) in the middle
    assert lines[0].rstrip().endswith("|***")
    assert lines[3].endswith(ASCII_TRAINING)
    assert lines[-1].split() == ["1", "epoch", "4"]


def test_a_small_range_is_linear() -> None:
    assert loss_curve([3, 2], width=24, height=5, unicode=False)[2].split()[0] == "2.5"


def test_dots_fall_where_the_series_falls() -> None:
    lines = loss_curve([4.0, 3.0, 2.0, 1.0], width=40, height=5)
    braille = [[place for place, letter in enumerate(line) if "\u2800" < letter <= "\u28ff"] for line in lines[:5]]
    assert all(braille)
    assert [min(row) for row in braille] == sorted(min(row) for row in braille)
    assert max(braille[4]) == 39 - 1 or max(braille[4]) == 39


def test_the_validation_curve_has_marks_of_its_own() -> None:
    lines = loss_curve([2.0, 1.0], [3.0, 3.0], width=40, height=6)
    assert lines[0].count(VALIDATION) > 5
    assert not any(VALIDATION in line for line in lines[1:])


@pytest.mark.parametrize("series", [[], [1.0], [math.nan, math.nan], [math.nan, 1.0]])
def test_too_little_is_no_curve(series: list[float]) -> None:
    assert loss_curve(series) == []


def test_a_narrow_picture_numbers_its_last_epoch_without_a_word() -> None:
    assert loss_curve([1.0] * 10, width=20, unicode=False)[-1].split() == ["1", "10"]


@given(
    training=st.lists(NUMBERS, max_size=300),
    validation=st.lists(NUMBERS, max_size=300),
    width=st.integers(20, 130),
    height=st.integers(2, 12),
    unicode=st.booleans(),
)
def test_any_series_is_a_picture_of_that_size(
    training: list[float], validation: list[float], width: int, height: int, unicode: bool
) -> None:
    lines = loss_curve(training, validation, width=width, height=height, unicode=unicode)
    if lines:
        assert len(lines) == height + 2
        assert max(map(len, lines)) <= width
