from __future__ import annotations

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


@pytest.mark.parametrize("path", [*lock.EXPORTS, "uv.lock"])
def test_what_is_locked_or_exported_names_no_host(path: str) -> None:
    assert "://" not in (lock.ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", lock.EXPORTS)
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
