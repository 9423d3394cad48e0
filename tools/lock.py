"""Lock the dependencies, and export what pip installs, without naming a package registry.

A lock file names the host of each package. Which registry a machine installs from is that machine's business: a
mirror, a proxy or a folder of wheels must do as well. So each lock is rewritten to name files of a folder called
``wheelhouse`` that does not exist; uv reads it all the same, and the hashes still say which files are meant.

    tools/lock.py              lock (uv lock), rewrite the locks, write the requirement files
    tools/lock.py --upgrade    as above, taking the newest versions that pyproject.toml allows
    tools/lock.py --check      change nothing; fail where a lock or a requirement file is not what it should be
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Stands for what the project itself depends on: the command line's packages, which do not ship in the layer.
PROJECT = "project"

# The folders with a pyproject.toml and a lock. For each the files pip reads, and the dependency groups that they hold.
EXPORTS = {
    ".": {
        "layers/deps/requirements.txt": ["runtime"],
        "requirements/local.txt": [PROJECT, "runtime", "local"],
        "requirements/test.txt": [PROJECT, "runtime", "local", "test"],
        "requirements/bench.txt": [PROJECT, "runtime", "local", "bench"],
        "requirements/browser.txt": [PROJECT, "runtime", "local", "test", "browser"],
        "requirements/clients.txt": [PROJECT, "runtime", "local", "test", "clients"],
        "requirements/lint.txt": [PROJECT, "runtime", "local", "test", "browser", "lint"],
    },
    "tools/sam": {"requirements/sam.txt": ["sam"]},
}

# Name and ending stand apart, because no file of the repository names such a host: not this one either.
REGISTRIES = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("crates", "io"),
    ("rubygems", "org"),
    ("proxy.golang", "org"),
]


def uv() -> str:
    """Find uv beside the Python that runs this, or else on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        sys.exit("uv is not installed here: `make lock` and `make lint` install it.")
    return found


def without_hosts(lock: str) -> str:
    """Name files of a folder instead of URLs."""
    lock = re.sub(r'registry = "[a-z]+://[^"]*"', 'registry = "wheelhouse"', lock)
    return re.sub(r'url = "[a-z]+://[^"]*/([^"/]+)"', r'path = "\1"', lock)


def export(project: str, groups: list[str]) -> str:
    """Return the requirements of dependency groups, with the hash of every file that may be installed."""
    only = "--group" if PROJECT in groups else "--only-group"
    options = [option for group in groups if group != PROJECT for option in (only, group)]
    command = [uv(), "export", "--quiet", "--frozen", "--no-default-groups", "--no-header", "--no-annotate", *options]
    body = subprocess.run(command, cwd=ROOT / project, check=True, stdout=subprocess.PIPE, text=True).stdout
    return f"# Written by `make lock` from {lock_file(project)}: {', '.join(groups)}.\n{body}"


def lock_file(project: str) -> Path:
    """Return the lock of a project's folder, as a path in the repository."""
    return Path(project) / "uv.lock"


def hosts() -> list[str]:
    """Return a line for each place in a tracked file that names a registry's host."""
    names = [".".join(parts) for parts in REGISTRIES]
    options = [option for name in names for option in ("-e", name)]
    found = subprocess.run(
        ["git", "grep", "--untracked", "-a", "-n", "-i", "-o", "-F", *options],  # noqa: S607
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return [f"names a package registry: {line}" for line in found.splitlines()]


def check() -> list[str]:
    """Return the errors, in words."""
    problems = hosts()
    for project, files in EXPORTS.items():
        name = lock_file(project)
        before = (ROOT / name).read_text()
        if before != without_hosts(before):
            problems.append(f"{name} names hosts: run `make lock`")
        command = [uv(), "lock", "--quiet", "--check", "--offline"]
        if subprocess.run(command, cwd=ROOT / project, check=False, stderr=subprocess.DEVNULL).returncode:
            problems.append(f"{name} does not fit pyproject.toml: run `make lock`")
        for path, groups in files.items():
            file = ROOT / path
            if not file.exists() or file.read_text() != export(project, groups):
                problems.append(f"{path} does not fit {name}: run `make lock`")
    return problems


def lock(*options: str) -> None:
    """Write the locks and the requirement files."""
    for project, files in EXPORTS.items():
        subprocess.run([uv(), "lock", *options], cwd=ROOT / project, check=True)
        locked = ROOT / lock_file(project)
        locked.write_text(without_hosts(locked.read_text()))
        for path, groups in files.items():
            file = ROOT / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(export(project, groups))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if found := check():
            sys.exit("\n".join(found))
        print("The locks fit pyproject.toml, the exports fit the locks, and no file names a registry.")
    else:
        lock(*sys.argv[1:])
