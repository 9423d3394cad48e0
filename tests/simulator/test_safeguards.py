"""Each safeguard of the product, taken out, is noticed: a simulator that finds nothing proves nothing."""

from __future__ import annotations

import pytest

from tests.simulator.mutations import MUTATIONS
from tests.simulator.safeguards import EXPECTED, search

pytestmark = pytest.mark.slow


def test_of_every_safeguard_it_is_said_what_notices_it() -> None:
    assert set(EXPECTED) == set(MUTATIONS)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_what_is_taken_out_is_noticed(name: str) -> None:
    assert search(name) is not None
