"""The audit of dependencies: red for what is known, loud but green for what could not be asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools import audit

GOOD = {"name": "pyjwt", "version": "2.15.1", "vulns": []}
BAD = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [{"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"], "aliases": []}],
}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found and could not be audited: ours (1.0)"}


def report(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_a_known_vulnerability_fails() -> None:
    code, text = audit.judge(audit.read(report(GOOD, BAD, UNKNOWN), "Found 1 known vulnerability"), required=False)
    assert code == 1
    assert "jinja2 2.4.1: PYSEC-2014-8, fixed in 2.7.2" in text


def test_none_passes() -> None:
    assert audit.judge(audit.read(report(GOOD), ""), required=True) == (0, "1 packages have no known vulnerability.")


@pytest.mark.parametrize(
    ("output", "errors", "reason"),
    [
        ("", "Traceback\nrequests.exceptions.ConnectionError: no route", "ConnectionError: no route"),
        ("", "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed\n", "Could not connect"),
        ("", "", "made no report"),
        ("[]", "", "made no report"),
        (report(UNKNOWN, UNKNOWN), "", "knows none of the packages"),
        (report(), "", "knows none of the packages"),
    ],
)
def test_an_audit_that_could_not_be_made_says_so_and_passes_unless_it_is_required(
    output: str, errors: str, reason: str
) -> None:
    found = audit.read(output, errors)
    code, text = audit.judge(found, required=False)
    assert code == 0
    assert text.startswith("NOT AUDITED")
    assert reason in text
    assert audit.judge(found, required=True)[0] == 1


def test_packages_that_nobody_knows_are_named() -> None:
    found = audit.read(report(GOOD, UNKNOWN), "")
    assert audit.judge(found, required=False) == (0, "1 packages have no known vulnerability. NOT AUDITED: ours")
    assert audit.judge(found, required=True)[0] == 1


def newest(version: str, *found: str) -> dict[str, Any]:
    return {"info": {"version": version}, "vulnerabilities": [{"id": each, "withdrawn": None} for each in found]}


@pytest.mark.parametrize(
    ("answer", "vulnerable", "skipped"),
    [
        (newest("2.0"), [], []),
        (newest("2.0", "PYSEC-1"), ["ours 2.0: PYSEC-1"], []),
        (newest("2.1", "PYSEC-1"), [], ["ours"]),
        ({"info": {"version": "2.0"}}, [], ["ours"]),
        ([], [], ["ours"]),
        (OSError("no route"), [], ["ours"]),
        (ValueError("no JSON"), [], ["ours"]),
    ],
)
def test_what_pip_audit_skips_is_asked_of_the_index_where_it_can_tell(
    monkeypatch: pytest.MonkeyPatch, answer: Any, vulnerable: list[str], skipped: list[str]
) -> None:
    monkeypatch.setattr(audit, "_text", lambda _: "pyjwt==2.15.1 \\\n    --hash=sha256:0\nours==2.0 \\\n")

    def ask_one(name: str) -> Any:
        assert name == "ours"
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = audit.ask_mirror(audit.read(report(GOOD, UNKNOWN), ""), "requirements/lint.txt", ask_one)
    assert (found.vulnerable, found.skipped) == (vulnerable, skipped)
    assert found.asked == 2 - len(skipped)


@pytest.mark.parametrize("given", ["https://mirror.example.com/simple", "https://mirror.example.com/simple/"])
def test_the_index_is_the_one_that_pip_uses(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", given)
    assert audit.index() == "https://mirror.example.com"
    monkeypatch.delenv("PIP_INDEX_URL")
    assert audit.index().startswith("https://")


def test_every_file_that_is_installed_from_is_audited() -> None:
    shipped = (audit.ROOT / "layers/deps/requirements.txt").read_text(encoding="utf-8")
    names = {line.split("==")[0] for line in shipped.splitlines() if "==" in line}
    audited = "".join((audit.ROOT / file).read_text(encoding="utf-8") for file in audit.REQUIREMENTS)
    assert names <= {line.split("==")[0] for line in audited.splitlines() if "==" in line}
    assert all(reason for reason in audit.IGNORED.values())


def test_audits_of_several_files_count_together_and_fail_together() -> None:
    good, bad = audit.Audit([], 2, ["ours"]), audit.Audit(["boto3 1.0: CVE-1"], 1, ["ours"], "no answer")
    assert audit.together([good, bad]) == audit.Audit(["boto3 1.0: CVE-1"], 3, ["ours"], "no answer")
    assert audit.together([good, good]) == audit.Audit([], 4, ["ours"])
