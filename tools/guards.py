"""Which tests guard which module: the test file of its name, and the files that tests/guards.toml adds.

    tools/guards.py layers/nereid/nereid/core/messaging/deliver.py     the test files of a module, to hand to pytest

A module of nereid/core and nereid/aws has its tests in tests/unit and tests/integration, in the same folder and under
its own name. Where a behaviour is tested by what a caller sees, the table names the files.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYER = ROOT / "layers" / "nereid" / "nereid"
TABLE = ROOT / "tests" / "guards.toml"
#: Parts of the layer whose modules have to have tests, beside the modules that stand in the layer itself.
GUARDED = ("core", "aws", "auth")
#: They wire and configure; every test runs them.
_EVERYWHERE = {"runtime", "settings", "__init__"}


def modules() -> list[str]:
    """Return every module that has to be guarded, as its path below the layer's package, without a suffix."""
    found = [path for part in GUARDED for path in (LAYER / part).rglob("*.py") if path.name != "__init__.py"]
    found += [path for path in LAYER.glob("*.py") if path.stem not in _EVERYWHERE]
    return sorted(str(path.relative_to(LAYER).with_suffix("")) for path in found)


def source(module: str) -> Path:
    """Return the file of a module."""
    return (LAYER / module).with_suffix(".py")


def module_of(path: str) -> str:
    """Return the module in a file."""
    return str(Path(path).resolve().relative_to(LAYER).with_suffix(""))


def table() -> dict[str, list[str]]:
    """Return the rows of tests/guards.toml: module to test files, below tests/."""
    rows: dict[str, list[str]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return rows


def named(module: str) -> list[Path]:
    """Return the test files of a module's own name."""
    folder, _, name = module.rpartition("/")
    tests = ROOT / "tests"
    places = [tests / "unit" / folder, tests / "integration" / folder.partition("/")[2]]
    return [file for place in places if (file := place / f"test_{name}.py").is_file()]


def guards(module: str) -> list[Path]:
    """Return the test files that guard a module, those of its name first."""
    own = named(module)
    more = [ROOT / "tests" / file for file in table().get(module, [])]
    return own + [file for file in more if file not in own]


def main() -> int:
    """Print the test files of the modules that the command line names."""
    for argument in sys.argv[1:]:
        print(*(file.relative_to(ROOT) for file in guards(module_of(argument))), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
