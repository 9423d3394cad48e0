"""Where things are: the repository, what was built of it, and the Python that runs it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
#: Where `make bench` has the functions and layers built for this machine, whatever the template's Architecture is.
BUILD = ROOT / ".aws-sam" / "bench" / "build"
#: Python 3.13, which Lambda runs: `make build` installs the SAM CLI into an environment of it.
LAMBDA_PYTHON = ROOT / ".venv-sam" / "bin" / "python"
LAYERS = ("DepsLayer", "NereidLayer")
#: Where Lambda would have the layers: merged into one folder, as it merges them into /opt.
OPT = BUILD.parent / "opt" / "python"
RESULTS = ROOT / "bench" / "results.json"
BUDGET = ROOT / "bench" / "budget.json"
#: Caches, and the queries of no one else.
STATE = ROOT / ".nereid"


def architecture() -> str:
    """Return Lambda's name of this machine's instruction set."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"


def build(*, anew: bool = False) -> None:
    """Have `sam build` make functions and layers for this machine, unless they are there already.

    Parameters
    ----------
    anew
        Whether to build though there is a build; unchanged layers come out of SAM's cache.
    """
    if anew or not (BUILD / "template.yaml").exists():
        sam = ROOT / ".venv-sam" / "bin" / "sam"
        environment = os.environ | {
            "SAM_CLI_TELEMETRY": "0",
            "PATH": f"{sam.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        options = ["--parameter-overrides", f"Architecture={architecture()}", "--build-dir", str(BUILD)]
        command = [str(sam), "build", *options, "--cache-dir", str(BUILD.parent / "cache")]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=sys.stderr)
    _merge_layers()


def _merge_layers() -> None:
    """Put the layers into one folder, as Lambda does."""
    shutil.rmtree(OPT, ignore_errors=True)
    for layer in LAYERS:
        shutil.copytree(BUILD / layer / "python", OPT, dirs_exist_ok=True, copy_function=os.link)
