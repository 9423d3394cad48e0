"""Which modules each function loads: every one is paid for at each cold start, in time and in money."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from bench.places import ROOT
from bench.world import World

LAYER = ROOT / "layers" / "nereid"
HANDLERS = {"/".join(path.parts[-3:-1]): path for path in sorted(ROOT.glob("functions/*/*/app.py"))}
_CODE = """
import importlib.util, json, os, sys

def load(path):
    spec = importlib.util.spec_from_file_location("app", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))

import nereid.runtime  # which all of them load
for path in sys.argv[1:]:
    reading, writing = os.pipe()
    if os.fork() == 0:
        load(path)
        with os.fdopen(writing, "w") as out:
            json.dump(sorted(sys.modules), out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        print(answer.read(), flush=True)
    os.wait()
"""


@cache
def loaded(python: str = sys.executable, path: Path = LAYER) -> dict[str, frozenset[str]]:
    """Return the modules that each function has loaded when it is ready for its first event."""
    command = [python, "-c", _CODE, *(str(handler) for handler in HANDLERS.values())]
    environment = {"PYTHONPATH": str(path)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=120)
    lines = done.stdout.splitlines()
    return {name: frozenset(json.loads(line)) for name, line in zip(HANDLERS, lines, strict=True)}


@cache
def shipped() -> frozenset[str]:
    """Return the names of the packages that the layers have: ours, and those of their requirements."""
    text = (ROOT / "layers" / "deps" / "requirements.txt").read_text(encoding="utf-8")
    required = {name.replace("_", "-").lower() for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}
    owners = importlib.metadata.packages_distributions()
    have = {
        package
        for package, distributions in owners.items()
        if required & {name.replace("_", "-").lower() for name in distributions}
    }
    return frozenset({"nereid", *have})


def counted(modules: frozenset[str]) -> int:
    """Return how many modules are ours or of packages that we ship: as many with every Python and on every machine."""
    return sum(name.partition(".")[0] in shipped() for name in modules)


def after_first(world: World, function: str) -> int:
    """Return how many a function has loaded when it has answered its first event."""
    world.aws.restore()
    with world.sandboxes.cold(function) as sandbox:
        return counted(frozenset(sandbox.invoke(world.first(function)).loaded))
