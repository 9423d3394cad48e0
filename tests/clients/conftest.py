"""What the tests of generated clients share: the product on any free port, with nothing but the demo in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import local_stack as stacks


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.LocalStack]:
    # All that functions log is printed, so that it can be looked through in the end.
    stack = stacks.start(tmp_path_factory.mktemp("nereid"), NEREID_VERBOSE="1")
    yield stack
    stack.end()
