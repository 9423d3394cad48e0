from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import lock

HOST = "registry.example"
LOCKED = f"""
[[package]]
name = "six"
version = "1.17.0"
source = {{ registry = "https://{HOST}/simple" }}
wheels = [
    {{ url = "https://files.{HOST}/b7/ce/six-1.17.0-py2.py3-none-any.whl", hash = "sha256:4721f3", size = 11050 }},
]
"""


def test_a_lock_without_hosts_names_files_of_a_folder() -> None:
    rewritten = lock.without_hosts(LOCKED)
    assert "://" not in rewritten
    assert 'source = { registry = "wheelhouse" }' in rewritten
    assert '{ path = "six-1.17.0-py2.py3-none-any.whl", hash = "sha256:4721f3", size = 11050 }' in rewritten


def test_a_lock_without_hosts_stays_as_it_is() -> None:
    rewritten = lock.without_hosts(LOCKED)
    assert lock.without_hosts(rewritten) == rewritten


FILES = [path for files in lock.EXPORTS.values() for path in files]


@pytest.mark.parametrize("path", [*FILES, *map(lock.lock_file, lock.EXPORTS)])
def test_what_is_locked_or_exported_names_no_host(path: str | Path) -> None:
    assert "://" not in (lock.ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES)
def test_every_exported_package_has_a_hash(path: str) -> None:
    lines = (lock.ROOT / path).read_text(encoding="utf-8").splitlines()
    packages = [number for number, line in enumerate(lines) if "==" in line]
    assert packages
    assert all("--hash=sha256:" in lines[number + 1] for number in packages)


def test_no_file_names_a_registrys_host() -> None:
    assert lock.hosts() == []


def test_a_registrys_host_is_found_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "REGISTRIES", [("apache", "org")])
    assert any("LICENSE" in problem for problem in lock.hosts())


def test_the_version_that_the_sam_cli_asks_for_is_not_in_what_ships() -> None:
    assert "aws-sam-cli" not in (lock.ROOT / lock.lock_file(".")).read_text(encoding="utf-8")


@pytest.mark.parametrize("package", ["boto3", "botocore", "pydantic"])
def test_the_tests_run_with_the_versions_that_ship(package: str) -> None:
    texts = [(lock.ROOT / path).read_text(encoding="utf-8") for path in lock.EXPORTS["."]]
    locked = [re.findall(rf"^{package}==(\S+)", text, re.MULTILINE) for text in texts]
    assert locked == [locked[0]] * len(texts)
    assert len(locked[0]) == 1
