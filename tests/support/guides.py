"""Documents whose examples are run, as somebody would who reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
#: What says in a line of its own that a block has been run, and with which exit code.
_END = "nereid-guide-end"
#: A request that is refused is a mistake of the guide's.
_REFUSED = "a request was refused"
_CURL = f'curl() {{ command curl --fail-with-body "$@" || echo "{_REFUSED}: $*" >&2; }}'
_WRITES = re.compile(r" -d| -X|>")


class Block(NamedTuple):
    """A block of code, with its language and the line that it begins in."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that it is, if its first line says so."""
        named = re.match(r"(?:#|<!--) ([\w./-]+\.\w+)(?: -->)?$", self.text.partition("\n")[0])
        return named[1] if named else None


def blocks(name: str) -> list[Block]:
    """Give a document's blocks of code.

    Parameters
    ----------
    name : str
        Its path in the repository.
    """
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [Block(one[1], one[2], text.count("\n", 0, one.start()) + 1) for one in found]


class Shell:
    """A bash in a folder, which keeps its variables from block to block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._complaints = folder / "stderr.txt"
        # It is given blocks of the repository's own documents alone.
        with self._complaints.open("ab") as complaints:
            self._process = subprocess.Popen(
                [shutil.which("bash") or "bash"],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )
        self.run(_CURL)

    def run(self, text: str) -> tuple[str, str]:
        """Run some lines; give what they print, and what went wrong: a refused request, or a command that failed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(f"{text}\nprintf '\\n%s %s\\n' {_END} $?\n")
        stdin.flush()
        printed: list[str] = []
        for line in stdout:
            if line.startswith(_END):
                break
            printed.append(line)
        shown = "".join(printed).rstrip("\n")
        said = self._complaints.read_text(encoding="utf-8")
        self._complaints.write_text("", encoding="utf-8")
        is_fine = line == f"{_END} 0\n" and _REFUSED not in said and "Traceback" not in said
        return shown, "" if is_fine else f"{text}\n{shown}\n{said}"

    def end(self) -> None:
        """End it."""
        self._process.communicate(timeout=10)


@contextmanager
def shell(folder: Path, state_dir: Path) -> Iterator[Shell]:
    """Start a bash in a folder that looks like the repository in which the stack was started."""
    (folder / ".nereid").symlink_to(state_dir)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    started = Shell(folder)
    try:
        yield started
    finally:
        started.end()


def follow(name: str, terminal: Shell, wait_for: Callable[[Callable[[], bool]], bool]) -> int:
    """Do what a document says: write its files, run its blocks `sh`, compare what they print with a block `text` after.

    A block that only reads is run again until it does: events are processed a moment after they were taken.

    Parameters
    ----------
    name : str
        The document.
    terminal : Shell
        Where.
    wait_for : callable
        Looks until something is true.

    Returns
    -------
    int
        How many blocks were run.
    """
    listed = blocks(name)
    ran = 0
    for block, following in zip(listed, [*listed[1:], None], strict=True):
        if block.file:
            (terminal.folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "sh" and not block.text.startswith("make "):
            ran += 1
            _run(name, block, following, terminal, wait_for)
    return ran


def _run(
    name: str, block: Block, following: Block | None, terminal: Shell, wait_for: Callable[[Callable[[], bool]], bool]
) -> None:
    """Run a block, and compare what it prints with the next one if that is of text."""
    expected = following.text.rstrip("\n") if following and following.language == "text" else None
    wrong = ""

    def works() -> bool:
        nonlocal wrong
        printed, wrong = terminal.run(block.text)
        if expected is not None and printed != expected:
            wrong = wrong or f"prints {printed!r}, not {expected!r}"
        return not wrong

    if _WRITES.search(block.text):
        works()
    else:
        with suppress(AssertionError):
            wait_for(works)
    assert not wrong, f"{name}:{block.line}: {wrong}"
