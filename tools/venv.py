"""Make a virtual environment and install locked requirements into it, with nothing but Python's standard library.

A Debian machine may have neither pip nor what ``python3 -m venv`` needs to put it into an environment, so pip comes
with the repository, as the wheel in this folder. A folder that is up to date is left as it is, at once.

    tools/venv.py .venv local       what the local stack needs
    tools/venv.py .venv test        and the tests
    tools/venv.py .venv lint        and the checks
    tools/venv.py .venv-sam sam     the SAM CLI, under Python 3.13: the version that Lambda runs

pip reads its usual settings (PIP_INDEX_URL, PIP_CERT, pip.conf ...), so a mirror or a folder of wheels will do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools"

# Each group with the groups that it holds as well.
GROUPS = {"local": [], "test": ["local"], "lint": ["local", "test"], "sam": []}
OLDEST = (3, 11)
LAMBDA = (3, 13)


def requirements(group: str) -> Path:
    """Return the file that lists a group's packages."""
    return ROOT / "requirements" / f"{group}.txt"


def digest(group: str) -> str:
    """Return what changes when the group has to be installed anew."""
    python = "{}.{}".format(*(LAMBDA if group == "sam" else sys.version_info))
    return hashlib.sha256(python.encode() + requirements(group).read_bytes()).hexdigest()


def pip_wheel() -> Path:
    """Return the wheel of pip, if it is the one that was put here."""
    expected, name = (TOOLS / "pip.sha256").read_text().split()
    wheel = TOOLS / name
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != expected:
        sys.exit(f"{wheel.relative_to(ROOT)} is not the file that tools/pip.sha256 names.")
    return wheel


def version(python: str) -> tuple[int, ...] | None:
    """Return the version of an interpreter, or None where it does not run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        found = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(int(part) for part in found.split())


def lambda_python() -> str:
    """Find a Python of Lambda's version: on the PATH, under pyenv, or among those that uv installed."""
    name = "python{}.{}".format(*LAMBDA)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python"))
    candidates = [shutil.which(name), *pyenv.glob(f"versions/3.13*/bin/{name}"), *managed.glob(f"*-3.13*/bin/{name}")]
    for candidate in candidates:
        if candidate is not None and version(str(candidate)) == LAMBDA:
            return str(candidate)
    sys.exit(
        f"{name} is needed to build what Lambda runs and was not found: on the PATH, under pyenv or uv.\n"
        "Install it (for example `uv python install 3.13`), or build with Docker: `sam build --use-container`."
    )


def create(folder: Path, group: str) -> None:
    """Make the environment, or leave one that works."""
    if version(str(folder / "bin" / "python")) is not None:
        return
    if sys.version_info < OLDEST:
        sys.exit("Nereid needs Python {}.{} or newer; this is {}.".format(*OLDEST, sys.version.split()[0]))
    python = lambda_python() if group == "sam" else sys.executable
    subprocess.run([python, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)


def install(folder: Path, group: str) -> None:
    """Install the group's packages, each checked against its hash. Wheels only: nothing is compiled or run."""
    wheel = pip_wheel()
    pip = [str(folder / "bin" / "python"), f"{wheel}/pip", "--disable-pip-version-check", "--no-input"]
    locked = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements(group))]
    subprocess.run([*pip, "install", "--quiet", *locked], check=True)
    if group == "sam":
        # The layer of third-party packages is built with pip.
        subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)], check=True)


def main(folder: Path, group: str) -> None:
    """Bring the environment up to date and write down that it is."""
    stamps = folder / ".installed"
    stamp = stamps / group
    if stamp.exists() and stamp.read_text() == digest(group) and (folder / "bin" / "python").exists():
        return
    print(f"Installing requirements/{group}.txt into {folder.name} ...", file=sys.stderr, flush=True)
    create(folder, group)
    install(folder, group)
    stamps.mkdir(exist_ok=True)
    for held in [group, *GROUPS[group]]:
        (stamps / held).write_text(digest(held))


if __name__ == "__main__":
    try:
        main(ROOT / sys.argv[1], sys.argv[2])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
