"""The examples of docs/cli.md, run one after the other as somebody would who reads it."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.cli.conftest import Terminal, Wire
from tests.support.in_process_stack import InProcessStack

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(yaml|console)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Give each command of a block with what it prints."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def alike(text: str) -> str:
    """Return a text without what is another one each time, and without blanks at the ends of lines."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_what_the_guide_shows_is_what_happens(nobody: Terminal, wire: Wire, stack: InProcessStack) -> None:
    nobody.file(".nereid/local.json", {"base_url": stack.base_url, "api_token": stack.demo["api_token"]})
    assert len(BLOCKS) > 5
    for kind, block in BLOCKS:
        if kind == "yaml":
            nobody.file(block.splitlines()[0].removeprefix("# "), block)
            continue
        for command, printed in commands(block):
            if command.startswith("nereid "):
                done = nobody.run(*shlex.split(command)[1:])
                assert alike(done.out + done.err) == alike(printed), command
            else:
                subprocess.run(command, shell=True, check=True, cwd=nobody.folder)  # noqa: S602 - the guide's own
