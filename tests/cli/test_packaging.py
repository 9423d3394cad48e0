"""What `pip install` of this repository brings: the command line, and nothing of what runs in AWS."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = sorted((ROOT / "nereid_cli").rglob("*.py"))
#: Packages whose modules have other names.
IMPORTED_AS = {"pyyaml": "yaml", "tomli-w": "tomli_w"}


def names(requirements: list[str]) -> set[str]:
    packages = [re.split(r"[<>=!~\[; ]", requirement)[0] for requirement in requirements]
    return {IMPORTED_AS.get(package, package) for package in packages}


def imports(module: Path) -> set[str]:
    """Return the packages that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found


def test_it_imports_what_is_installed_with_it_alone() -> None:
    aws = {"boto3", "botocore"}
    allowed = {*sys.stdlib_module_names, "nereid_cli", *names(PROJECT["dependencies"])}
    assert {str(module): more for module in MODULES if (more := imports(module) - allowed - aws)} == {}
    asks_aws = {module.name for module in MODULES if imports(module) & aws}
    assert asks_aws == {"checks.py", "doctor.py"}


def test_it_imports_aws_only_where_it_is_asked() -> None:
    code = "import nereid_cli.main, sys; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.slow
def test_what_is_built_runs_by_itself(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    alone = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *alone, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    [wheel] = tmp_path.glob("nereid-*.whl")
    files = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    version = PROJECT["version"]
    assert files == {"nereid_cli", f"nereid-{version}.dist-info"}

    site = tmp_path / "site"
    subprocess.run([*pip, "install", *alone, "--target", str(site), str(wheel)], check=True)
    ran = subprocess.run(
        [sys.executable, "-P", str(site / "bin" / "nereid"), "--version"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ran.stdout == f"nereid {version}\n"


def test_the_layer_does_not_ship_it() -> None:
    shipped = (ROOT / "layers" / "deps" / "requirements.txt").read_text(encoding="utf-8")
    assert re.findall(r"^(?:httpx|rich|typer|tomli-w|pyyaml)==", shipped, re.MULTILINE) == []
    local = (ROOT / "requirements" / "local.txt").read_text(encoding="utf-8")
    assert "\ntyper==" in local
