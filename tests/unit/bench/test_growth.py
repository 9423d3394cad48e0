"""Copies have names of their own, and how something grows is told in words."""

from __future__ import annotations

import pytest

from bench.clones import Clones
from bench.growth import order

TEAM, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
ORIGINAL = {
    "Things": [{"pk": {"S": f"{TEAM}#grow-000003"}, "id": {"S": OTHER}}],
    "Others": [{"pk": {"S": f"{TEAM}#{OTHER}"}}],
}


def test_a_copy_has_names_of_its_own_that_its_items_share() -> None:
    [(_, thing), (_, other)] = Clones(ORIGINAL, [TEAM]).copy(7)
    assert thing["pk"]["S"] == f"{TEAM}#grow-000007"
    assert thing["id"]["S"] != OTHER
    assert other["pk"]["S"] == f"{TEAM}#{thing['id']['S']}"


def test_no_two_copies_are_the_same() -> None:
    clones = Clones(ORIGINAL, [TEAM])
    ids = [thing["id"]["S"] for number in range(50) for table, thing in clones.copy(number) if table == "Things"]
    assert len(set(ids)) == 50


@pytest.mark.parametrize(
    ("values", "said"),
    [((3, 3, 3), "flat"), ((10, 100, 1000), "n^1.0"), ((1, 3, 10), "n^0.5"), ((0, 0, 0), "flat")],
)
def test_growth_is_told_as_a_power(values: tuple[float, ...], said: str) -> None:
    assert order((1_000, 10_000, 100_000), values) == said


def test_what_grows_fastest_is_told() -> None:
    assert order((1_000, 10_000), (4, 4), (10, 100)) == "n^1.0"
