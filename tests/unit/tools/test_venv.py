from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import venv


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository whose requirements are empty, so that nothing is downloaded."""
    shutil.copytree(venv.TOOLS, tmp_path / "tools", ignore=shutil.ignore_patterns("*.py"))
    (tmp_path / "requirements").mkdir()
    for group in venv.GROUPS:
        (tmp_path / "requirements" / f"{group}.txt").write_text("")
    monkeypatch.setattr(venv, "ROOT", tmp_path)
    monkeypatch.setattr(venv, "TOOLS", tmp_path / "tools")
    return tmp_path


def test_an_environment_is_made_without_a_pip_of_its_own(repository: Path) -> None:
    venv.main(repository / ".venv", "local")
    python = str(repository / ".venv" / "bin" / "python")
    found = subprocess.run([python, "-m", "pip", "--version"], check=False, capture_output=True, text=True)
    assert "No module named pip" in found.stderr


def test_an_environment_that_is_up_to_date_is_left_as_it_is(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(venv, "install", lambda _folder, group: installed.append(group))
    for _ in range(2):
        venv.main(repository / ".venv", "test")
    assert installed == ["test"]


def test_a_group_that_another_holds_needs_no_second_installation(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(venv, "install", lambda _folder, group: installed.append(group))
    for group in ("test", "local", "lint"):
        venv.main(repository / ".venv", group)
    assert installed == ["test", "lint"]


def test_changed_requirements_are_installed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(venv, "install", lambda _folder, group: installed.append(group))
    venv.main(repository / ".venv", "test")
    venv.requirements("test").write_text("# newer\n")
    venv.main(repository / ".venv", "test")
    assert installed == ["test", "test"]


def test_a_pip_that_is_not_the_one_we_put_there_is_refused(repository: Path) -> None:
    (wheel,) = (repository / "tools").glob("pip-*.whl")
    wheel.write_bytes(b"something else")
    with pytest.raises(SystemExit, match="is not the file that"):
        venv.main(repository / ".venv", "local")


def test_a_machine_without_lambdas_python_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PATH", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(SystemExit, match=r"python3\.13 is needed"):
        venv.lambda_python()


def test_an_interpreter_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert venv.version(str(tmp_path / "python")) is None
    assert venv.version(sys.executable) == sys.version_info[:2]
