"""Ratios are of times that were measured in turn."""

from __future__ import annotations

import pytest

from bench.samples import Ratio, interleaved


def test_the_floor_is_measured_before_after_and_between() -> None:
    seen: list[str] = []

    def measure(thing: str) -> float:
        seen.append(thing)
        return 1.0

    interleaved("abcde", measure, lambda: measure("floor"), 2)
    assert seen == ["floor", "a", "b", "floor", "c", "d", "floor", "e", "floor"]


def test_a_time_is_compared_with_the_floors_on_either_side_of_it() -> None:
    floors = iter((1.0, 3.0, 5.0))
    times = {"a": 4.0, "b": 8.0}
    found = interleaved(list(times), times.__getitem__, lambda: next(floors), 1)
    assert [(one.thing, one.ratio) for one in found] == [("a", 2.0), ("b", 2.0)]


def test_a_ratio_tells_median_and_quartiles() -> None:
    assert Ratio.of([1, 2, 3, 4, 5]) == Ratio(3, 2, 4, 5)


def test_a_single_sample_is_its_own_median() -> None:
    assert Ratio.of([1.5]) == Ratio(1.5, 1.5, 1.5, 1)


def test_of_no_samples_nothing_is_told() -> None:
    with pytest.raises(IndexError):
        Ratio.of([])
