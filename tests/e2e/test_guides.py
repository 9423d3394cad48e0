"""README and the how-tos: their examples do what they say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.local_stack import LocalStack
from tests.support import guides

HOW_TOS = sorted(str(path.relative_to(guides.ROOT)) for path in (guides.ROOT / "docs" / "how-to").glob("*.md"))
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.mark.parametrize("name", ["README.md", *HOW_TOS])
def test_the_examples_of_a_guide_work(name: str, local_stack: LocalStack, tmp_path: Path) -> None:
    with guides.shell(tmp_path, local_stack.state_dir) as terminal:
        assert guides.follow(name, terminal, local_stack.wait_for) > 0
