"""An environment is filled by Python's own pip, the machine's pip, or uv. Each installs a package made for the test."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import venv

# Most of them make an environment.
pytestmark = pytest.mark.slow


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository whose requirements are empty, so that nothing is downloaded."""
    (tmp_path / "requirements").mkdir()
    for group in venv.GROUPS:
        (tmp_path / "requirements" / f"{group}.txt").write_text("")
    monkeypatch.setattr(venv, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def package(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the group `local` require a package, which a folder of wheels has and no index; return its wheel."""
    files = {
        "sample.py": "",
        "sample-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n",
        "sample-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for name, text in files.items()
    )
    wheel = repository / "wheels" / "sample-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, "sample-1.0.dist-info/RECORD": f"{record}sample-1.0.dist-info/RECORD,,\n"}.items():
            archive.writestr(name, text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    venv.requirements("local").write_text(f"sample==1.0 --hash=sha256:{digest}\n")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    # Whatever asks an index all the same fails.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel


def without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *missing: str) -> None:
    """Let no interpreter find these modules, nor anything on the PATH."""
    folder = tmp_path / "missing"
    folder.mkdir()
    for name in missing:
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PATH", str(folder))


def has(repository: Path, module: str) -> bool:
    """Tell whether the environment has a module, whatever the machine was said to lack."""
    python = repository / ".venv" / "bin" / "python"
    return subprocess.run([python, "-I", "-c", f"import {module}"], check=False, capture_output=True).returncode == 0


def test_the_pip_that_python_brings_along_installs(
    repository: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", sys._base_executable)  # type: ignore[attr-defined]
    venv.main(repository / ".venv", "local")
    assert has(repository, "sample")
    assert has(repository, "pip")


def test_it_has_the_command_that_runs_from_the_repository(repository: Path, tmp_path: Path) -> None:
    (repository / "nereid_cli").mkdir()
    (repository / "nereid_cli" / "__main__.py").write_text("import sys; print(sys.argv[1:])")
    venv.main(repository / ".venv", "local")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "nereid_cli.py").write_text("raise SystemExit('of the folder')")
    command = [str(repository / ".venv" / "bin" / "nereid"), "send", "two words"]
    assert subprocess.check_output(command, cwd=elsewhere, text=True) == "['send', 'two words']\n"


def test_where_python_brings_no_pip_the_machines_installs(
    repository: Path, package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without(monkeypatch, tmp_path, "ensurepip")
    venv.main(repository / ".venv", "local")
    assert has(repository, "sample")
    assert not has(repository, "pip")


def test_where_there_is_no_pip_uv_installs_with_the_settings_of_pip(
    repository: Path, package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without(monkeypatch, tmp_path, "ensurepip", "pip")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    venv.main(repository / ".venv", "local")
    assert has(repository, "sample")
    assert not has(repository, "pip")


def test_where_there_is_none_of_them_one_line_says_what_to_install(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without(monkeypatch, tmp_path, "ensurepip", "pip")
    with pytest.raises(SystemExit, match=r"\A[^\n]*apt install python3\.\d+-venv\Z"):
        venv.main(repository / ".venv", "local")
    assert not (repository / ".venv" / ".installed").exists()


@pytest.mark.parametrize("missing", [["ensurepip"], ["ensurepip", "pip"]])
def test_a_package_that_is_not_the_one_that_was_locked_is_refused(
    repository: Path, package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: list[str]
) -> None:
    without(monkeypatch, tmp_path, *missing)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr("more.py", "")
    with pytest.raises(subprocess.CalledProcessError):
        venv.main(repository / ".venv", "local")
    assert not has(repository, "sample")


def test_a_package_without_a_hash_is_refused(repository: Path, package: Path) -> None:
    venv.requirements("local").write_text("sample==1.0\n")
    with pytest.raises(subprocess.CalledProcessError):
        venv.main(repository / ".venv", "local")


def test_the_settings_of_uv_come_before_those_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "one two")
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    assert venv.settings()["UV_FIND_LINKS"] == "one,two"
    monkeypatch.setenv("UV_FIND_LINKS", "three")
    assert venv.settings()["UV_FIND_LINKS"] == "three"


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


def test_a_machine_without_lambdas_python_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PATH", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(SystemExit, match=r"python3\.13 is needed"):
        venv.lambda_python()


def test_an_interpreter_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert venv.version(str(tmp_path / "python")) is None
    assert venv.version(sys.executable) == sys.version_info[:2]
