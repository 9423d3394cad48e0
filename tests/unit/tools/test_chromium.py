"""Chromium is found, or installed where that may be done without asking, or one line says what to install."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools import chromium


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on the PATH, with nothing in it yet, of an ordinary user's Debian."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    release = tmp_path / "os-release"
    release.write_text('NAME="Debian GNU/Linux"\nID=debian\n', encoding="utf-8")
    monkeypatch.setattr(chromium, "_RELEASE", release)
    return folder


def program(path: Path, script: str = "exit 0") -> Path:
    """Write a program; return its path."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def apt(programs: Path, monkeypatch: pytest.MonkeyPatch, *, code: int = 0) -> Path:
    """Let root find an apt-get that notes what it is asked, and installs as told; return its notes."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    notes = programs / "notes"
    made = f'[ "$2" = update ] || {{ echo > {programs}/chromium; /bin/chmod +x {programs}/chromium; }}'
    program(programs / "apt-get", f'echo "$@" >> {notes}\n{made}\nexit {code}')
    return notes


@pytest.mark.parametrize("name", chromium.NAMES)
def test_one_on_the_path_is_found_under_any_of_its_names(programs: Path, name: str) -> None:
    program(programs / name)
    assert chromium.main() == str(programs / name)


def test_the_one_that_is_named_comes_first(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs / "chromium")
    monkeypatch.setenv("CHROMIUM", str(program(tmp_path / "mine")))
    assert chromium.main() == str(tmp_path / "mine")


def test_where_there_is_none_one_line_says_what_to_install(programs: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        chromium.main()
    assert ended.value.code == chromium.MISSING
    assert "\n" not in chromium.MISSING


def test_root_on_debian_gets_it_from_apt(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = apt(programs, monkeypatch)
    assert chromium.main() == str(programs / "chromium")
    assert notes.read_text().splitlines() == ["--quiet=2 update", "--quiet=2 install --yes chromium"]


def test_nothing_is_installed_elsewhere(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = apt(programs, monkeypatch)
    chromium._RELEASE.write_text("ID=ubuntu\nID_LIKE=debian\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        chromium.main()
    assert not notes.exists()


def test_nothing_is_installed_in_place_of_one_that_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = apt(programs, monkeypatch)
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(SystemExit):
        chromium.main()
    assert not notes.exists()


def test_an_apt_that_fails_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt(programs, monkeypatch, code=100)
    with pytest.raises(SystemExit) as ended:
        chromium.main()
    assert str(ended.value.code).startswith("apt-get --quiet=2 update failed.")
