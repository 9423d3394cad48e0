"""Find the Chromium that the browser tests drive; install Debian's where that may be done without asking.

    tools/chromium.py     say where it is; install it first if there is none and this is root on Debian

`CHROMIUM=PATH` names another one than those on the PATH. Playwright offers browsers of its own. None is used: they come
from outside of the package registry, checked against no hash of ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MISSING = "No Chromium was found. Install one (Debian: `apt install chromium`), or say CHROMIUM=PATH."
_RELEASE = Path("/etc/os-release")


def find() -> str | None:
    """Return the path of Chromium, or None where there is none."""
    named = os.environ.get("CHROMIUM")
    return next((path for name in ([named] if named else NAMES) if (path := shutil.which(name))), None)


def may_install() -> bool:
    """Tell whether this is root on Debian. Ubuntu's package of that name is a snap, which containers do not run."""
    is_debian = _RELEASE.is_file() and "ID=debian" in _RELEASE.read_text(encoding="utf-8").splitlines()
    return is_debian and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install() -> None:
    """Install Debian's package, from wherever this machine gets its packages."""
    print("Installing Debian's chromium ...", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "chromium"]):
        subprocess.run(["apt-get", "--quiet=2", *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)  # noqa: S607


def main() -> str:
    """Return the path of Chromium once there is one; end the program where there is none to be had."""
    if find() is None and "CHROMIUM" not in os.environ and may_install():
        try:
            install()
        except subprocess.CalledProcessError as error:
            sys.exit(f"{' '.join(error.cmd)} failed. {MISSING}")
    return find() or sys.exit(MISSING)


if __name__ == "__main__":
    print(f"Chromium: {main()}")
