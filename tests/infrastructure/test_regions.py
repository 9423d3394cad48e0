"""The regions that are promised are the ones that are checked."""

from __future__ import annotations

import re

import yaml

from tests.infrastructure import stack


def test_the_template_is_checked_for_the_regions_that_the_documentation_names() -> None:
    text = (stack.ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    section = text.partition("## Regions\n")[2].partition("; `make lint`")[0].replace("\n", " ").partition(";")[0]
    checked = yaml.safe_load((stack.ROOT / "tools" / "cfn-lint.yaml").read_text(encoding="utf-8"))["regions"]
    assert re.findall(r"`([a-z]+(?:-[a-z]+)+-[0-9])`", section) == checked
