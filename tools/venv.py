"""Make a virtual environment and install locked requirements into it, with nothing but Python's standard library.

    tools/venv.py .venv local       what the local stack needs
    tools/venv.py .venv test        and the tests
    tools/venv.py .venv browser     and the tests in a browser
    tools/venv.py .venv lint        and the checks
    tools/venv.py .venv clients     what the tests need, and generators of clients
    tools/venv.py .venv bench       what the local stack needs, and what the bench draws with
    tools/venv.py .venv-sam sam     the SAM CLI, under Python 3.13: the version that Lambda runs

The packages are installed by the pip that Python brings along (ensurepip). Debian and Ubuntu keep that in a package of
its own; where it is missing, the machine's pip or uv does it instead. pip reads its usual settings (PIP_INDEX_URL,
PIP_CERT, pip.conf ...), so a mirror or a folder of wheels will do. uv reads its own, and where those are not set, the
PIP_ variables. An environment that is up to date is left as it is, at once.

All but the SAM CLI's have the command `nereid` as well, which runs nereid_cli from this folder: nothing is built.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Each group with the groups that it holds as well.
GROUPS = {
    "local": [],
    "test": ["local"],
    "bench": ["local"],
    "browser": ["local", "test"],
    "clients": ["local", "test"],
    "lint": ["local", "test", "browser"],
    "sam": [],
}
OLDEST = (3, 11)
LAMBDA = (3, 13)
# uv's names of settings that pip has as well.
UV_SETTINGS = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
    "SSL_CERT_FILE": "PIP_CERT",
}


def requirements(group: str) -> Path:
    """Return the file that lists a group's packages."""
    return ROOT / "requirements" / f"{group}.txt"


def digest(group: str) -> str:
    """Return a value that changes when the group has to be installed again."""
    python = "{}.{}".format(*(LAMBDA if group == "sam" else sys.version_info))
    return hashlib.sha256(python.encode() + requirements(group).read_bytes()).hexdigest()


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


def imports(python: str, module: str) -> bool:
    """Tell whether an interpreter has a module."""
    return subprocess.run([python, "-c", f"import {module}"], check=False, stderr=subprocess.DEVNULL).returncode == 0


def installer(folder: Path) -> list[str]:
    """Return the command that installs packages into the environment."""
    python = str(folder / "bin" / "python")
    quiet = ["--disable-pip-version-check", "--no-input"]
    if not imports(python, "pip") and imports(python, "ensurepip"):
        subprocess.run([python, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    if imports(python, "pip"):
        return [python, "-m", "pip", *quiet, "install"]
    if imports(sys.executable, "pip"):
        return [sys.executable, "-m", "pip", "--python", str(folder), *quiet, "install"]
    if uv := shutil.which("uv"):
        # As pip does, it takes a package from whichever index has the version: the hash says that it is the right one.
        options = ["--index-strategy", "unsafe-best-match"]
        if os.environ.get("PIP_NO_INDEX", "").lower() in ("1", "true", "yes", "on"):
            options.append("--no-index")
        return [uv, "pip", "install", "--python", str(folder), *options]
    package = "python{}.{}-venv".format(*version(python) or LAMBDA)
    sys.exit(f"{python} has no ensurepip, and no pip or uv is installed. On Debian or Ubuntu: apt install {package}")


def settings() -> dict[str, str]:
    """Return the environment variables for uv: its own where they are set, else those of pip."""
    found = dict(os.environ)
    for name, pips in UV_SETTINGS.items():
        if pips in found:
            found.setdefault(name, found[pips].replace(" ", ",") if name == "UV_FIND_LINKS" else found[pips])
    return found


def install(folder: Path, group: str) -> None:
    """Install the group's packages, each checked against its hash. Wheels only: nothing is compiled or run."""
    # The file lists all that is needed, so nothing is resolved: pyproject.toml may override what a package asks for.
    locked = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements(group))]
    subprocess.run([*installer(folder), "--quiet", *locked], check=True, env=settings())


def write_command(folder: Path) -> None:
    """Give the environment the command `nereid`."""
    # -P: else a file in the caller's folder, of the name of a module, would be run in its place.
    python = shlex.quote(str(folder / "bin" / "python"))
    text = f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {python} -P -m nereid_cli "$@"\n'
    command = folder / "bin" / "nereid"
    if not command.exists() or command.read_text() != text:
        command.write_text(text)
        command.chmod(0o755)


def main(folder: Path, group: str) -> None:
    """Bring the environment up to date and write down that it is."""
    prepare(folder, group)
    if group != "sam":
        write_command(folder)


def prepare(folder: Path, group: str) -> None:
    """Install what is not installed yet."""
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
