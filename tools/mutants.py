"""Break the code in random places, one at a time, and tell which breaks no test notices.

    tools/mutants.py [--seed N] [--count N] [--control N] [--jobs N] [--recorded] [PATH ...]

Draws from the modules that have guards (tools/guards.py), or from those that paths name. All quick tests run first, and
it is recorded which of them run which line. A mutant is judged in a copy of the repository: first by the test files
that guard its module, then by every other quick test that runs a line of it. Before that, some are judged without their
change; if one does not pass, the tests fail for another reason, and nothing is judged. tests/mutants_equivalent.txt
lists changes that change nothing; they are drawn and not counted. Fails if fewer than GOAL of the mutants are killed.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from coverage import CoverageData

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import guards  # noqa: E402 - found by the path above
from tools.mutations import Mutant, Source  # noqa: E402

GOAL = 0.92
EQUIVALENT = ROOT / "tests" / "mutants_equivalent.txt"
#: Which test runs which line, as the last run recorded it.
RECORD = ROOT / ".coverage.mutants"
#: Where the tests are that run in one process within seconds each.
SUITES = ("unit", "integration", "faults", "contract", "security")
#: Of the processor, so that no mutant dies of a busy machine; what waits for ever is ended by the clock.
CPU_SECONDS, WALL_SECONDS = 600, 1800


def equivalents() -> set[str]:
    """Return the keys of changes that change nothing."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith(("#", " "))}


_LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__")


class Copies:
    """Copies of the repository, each for one mutant at a time."""

    def __init__(self, folder: Path, count: int) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        self._stamps = itertools.count(10**9)
        for number in range(count):
            copy = folder / str(number)
            shutil.copytree(ROOT, copy, ignore=_LEFT_BEHIND)
            self._free.put(copy)

    def survives(self, mutant: Mutant) -> bool:
        """Tell whether the tests that guard a mutant's module pass with it, and all others that run its lines."""
        copy = self._free.get()
        path = copy / guards.source(mutant.module).relative_to(ROOT)
        source = path.read_bytes()
        try:
            self._write(path, source[: mutant.start] + mutant.after.encode() + source[mutant.end :])
            return _passes(copy, _guards(mutant)) and _passes(copy, others(mutant))
        finally:
            self._write(path, source)
            self._free.put(copy)

    def _write(self, path: Path, source: bytes) -> None:
        # What Python compiled before is known by the time of its source, in whole seconds.
        path.write_bytes(source)
        stamp = next(self._stamps)
        os.utime(path, (stamp, stamp))


def _guards(mutant: Mutant) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in guards.guards(mutant.module)]


def others(mutant: Mutant) -> list[str]:
    """Return the recorded tests that run a line of a mutant, without those in the files that guard its module."""
    record = CoverageData(basename=str(RECORD))
    record.read()
    lines = record.contexts_by_lineno(str(guards.source(mutant.module)))
    changed = range(mutant.line, mutant.line + mutant.before.count("\n") + 1)
    contexts = {context for line in changed for context in lines.get(line, [])}
    if "" in contexts:  # It runs when the module is imported, whichever test that is.
        contexts.update(itertools.chain(*lines.values()))
    tests = {context.rpartition("|")[0] for context in contexts}
    files = set(_guards(mutant))
    return sorted(test for test in tests if test and test.partition("::")[0] not in files)


def _pytest(tests: list[str], *options: str) -> list[str]:
    # A stack over HTTP starts for seconds, and what is slow is slow once for every mutant.
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow and not over_http"]
    return [*command, *options, *tests]


def _passes(copy: Path, tests: list[str]) -> bool:
    if not tests:
        return True
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(_pytest(tests), cwd=copy, stdout=quiet, stderr=quiet, start_new_session=True)
    resource.prlimit(process.pid, resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        return process.wait(WALL_SECONDS) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def record(jobs: int) -> bool:
    """Run all quick tests and record which lines each runs; tell whether they pass."""
    tests = _pytest([f"tests/{suite}" for suite in SUITES], "-n", str(jobs), "--dist", "loadfile")
    options = ["--cov", "--cov-context=test", "--cov-report="]
    environment = {**os.environ, "COVERAGE_FILE": str(RECORD)}
    return subprocess.run([*tests, *options], cwd=ROOT, env=environment, check=False).returncode == 0


def draw(seed: int, count: int, modules: list[str]) -> list[Mutant]:
    """Return so many mutants of the modules, or all if there are fewer; the same for the same seed and source."""
    found = [mutant for module in modules for mutant in Source(module).mutants()]
    return random.Random(seed).sample(found, min(count, len(found)))  # noqa: S311


def controls(mutants: list[Mutant], count: int) -> list[Mutant]:
    """Return the first so many mutants with nothing changed."""
    return [mutant._replace(after=mutant.before) for mutant in mutants[:count]]


def main() -> int:
    """Judge mutants and print those that live."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="draws the same mutants again")  # noqa: S311
    parser.add_argument("--count", type=int, default=200, help="how many to draw")
    parser.add_argument("--control", type=int, default=3, help="how many to judge without their change first")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--recorded", action="store_true", help="believe what the last run recorded")
    parser.add_argument("paths", nargs="*", help="modules to draw from; all that have guards by default")
    arguments = parser.parse_args()
    modules = [guards.module_of(path) for path in arguments.paths] or guards.modules()
    drawn = draw(arguments.seed, arguments.count, modules)
    known = equivalents()
    judged = [mutant for mutant in drawn if mutant.key not in known]
    print(
        f"SEED={arguments.seed}: {len(drawn)} mutants, {len(drawn) - len(judged)} of which change nothing", flush=True
    )
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.jobs) as pool:
        copies = Copies(Path(folder), arguments.jobs)
        if not arguments.recorded and not record(arguments.jobs):
            print("the tests do not pass as they are: no mutant can be judged")
            return 1
        for mutant, passes in zip(judged, pool.map(copies.survives, controls(judged, arguments.control)), strict=False):
            if not passes:
                print(f"the tests of {mutant.module} fail without a change: no mutant can be judged")
                return 1

        def lives(mutant: Mutant) -> bool:
            survived = copies.survives(mutant)
            if survived:
                path = guards.source(mutant.module).relative_to(ROOT)
                shown = [f"{path}:{mutant.line} lives", _indented(mutant.before, "-"), _indented(mutant.after, "+")]
                # In one piece: others judge at the same time.
                print("\n".join(["", *shown, f"  {mutant.key}", ""]), end="", flush=True)
            return survived

        survivors = sum(pool.map(lives, judged))
    killed = len(judged) - survivors
    share = killed / len(judged) if judged else 1.0
    print(f"\nSEED={arguments.seed}: {killed} of {len(judged)} mutants killed, {share:.1%}; the goal is {GOAL:.0%}")
    return 0 if share >= GOAL else 1


def _indented(text: str, sign: str) -> str:
    return "\n".join(f"  {sign} {line}" for line in text.splitlines())


if __name__ == "__main__":
    sys.exit(main())
