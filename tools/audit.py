"""Ask whether any locked dependency has a known vulnerability (pip-audit), and be plain about what could not be asked.

    tools/audit.py              fail if one has; warn, and pass, if the check could not be made
    tools/audit.py --required   fail then, too

pip-audit asks the public index about each locked version, whatever index this machine installs from.
`PIP_AUDIT_VULNERABILITY_SERVICE` and `PIP_AUDIT_OSV_URL` choose another service. Some mirrors answer for packages and
not for their versions; what pip-audit cannot audit is asked for there, and counts if the newest version is locked.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
# Together they have every package that is shipped, or that the project is made with. Each is asked about by itself,
# since the SAM CLI's lock holds other versions of some packages.
REQUIREMENTS = ("requirements/lint.txt", "requirements/sam.txt")
# Vulnerabilities that do not concern us, each with the reason.
IGNORED: dict[str, str] = {}
SECONDS = 240
# After so many packages without any answer, the index counts as out of reach.
_PATIENCE = 8


class Audit(NamedTuple):
    """The result of an audit.

    Parameters
    ----------
    vulnerable : list of str
        A line for each vulnerability.
    asked : int
        How many packages were looked up.
    skipped : list of str
        Packages that the service does not know.
    failure : str
        Why nothing came of it, or nothing.
    """

    vulnerable: list[str]
    asked: int
    skipped: list[str]
    failure: str = ""


def ask(file: str) -> Audit:
    """Run pip-audit over a file of locked requirements; nothing is installed or resolved for it."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    command += ["--progress-spinner", "off", "--desc", "off", "--timeout", "10"]
    command += ["--requirement", file]
    command += [option for identifier in IGNORED for option in ("--ignore-vuln", identifier)]
    environment = dict(os.environ)
    if "PIP_CERT" in environment:  # what pip trusts, the library underneath is to trust too
        environment.setdefault("REQUESTS_CA_BUNDLE", environment["PIP_CERT"])
    try:
        ran = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Audit([], 0, [], f"no answer within {SECONDS} s")
    return read(ran.stdout, ran.stderr)


def read(output: str, errors: str) -> Audit:
    """Read pip-audit's output: its report, or, if it could not make one, the reason."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = [line for line in errors.splitlines() if line.strip()]
        return Audit([], 0, [], lines[-1] if lines else "pip-audit made no report")
    vulnerable = [
        f"{each['name']} {each['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none yet'}"
        for each in dependencies
        for found in each.get("vulns", [])
    ]
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    return Audit(sorted(set(vulnerable)), len(dependencies) - len(skipped), sorted(set(skipped)))


def ask_mirror(audit: Audit, file: str, ask_one: Callable[[str], Any]) -> Audit:
    """Ask about the packages that pip-audit skipped, in the one way that is left.

    Parameters
    ----------
    file : str
        The requirements that were asked about.
    ask_one : callable
        Returns the index's answer about a package, by its name, or raises OSError or ValueError.
    """
    locked = dict(re.findall(r"^([\w.-]+)==([\w.+!]+)", _text(file), re.MULTILINE))

    unreachable: list[OSError] = []

    def found_of(name: str) -> list[str] | None:
        if len(unreachable) >= _PATIENCE:
            return None
        try:
            answer = ask_one(name)
            if answer["info"]["version"] != locked.get(name):
                return None
            known = [each for each in answer["vulnerabilities"] if not each.get("withdrawn")]
        except (urllib.error.HTTPError, ValueError, KeyError, TypeError):
            return None
        except OSError as error:
            unreachable.append(error)
            return None
        return [f"{name} {locked[name]}: {each['id']}" for each in known if each["id"] not in IGNORED]

    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(audit.skipped, pool.map(found_of, audit.skipped), strict=True))
    vulnerable = [line for found in answers.values() if found for line in found]
    skipped = [name for name, found in answers.items() if found is None]
    return Audit([*audit.vulnerable, *vulnerable], audit.asked + len(answers) - len(skipped), skipped, audit.failure)


def package(name: str) -> Any:
    """Return the answer of the index in use about a package and its newest version."""
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
    with urllib.request.urlopen(f"{index()}/pypi/{name}/json", timeout=10, context=context) as answer:  # noqa: S310
        return json.load(answer)


def index() -> str:
    """Return the index that pip uses, without what follows its host and mount point."""
    asked = os.environ.get("PIP_INDEX_URL") or _pips_own()
    return asked.rstrip("/").removesuffix("/simple")


def _pips_own() -> str:
    code = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def together(audits: Sequence[Audit]) -> Audit:
    """Return several audits as one; it has failed if one of them has."""
    return Audit(
        sorted({line for audit in audits for line in audit.vulnerable}),
        sum(audit.asked for audit in audits),
        sorted({name for audit in audits for name in audit.skipped}),
        next((audit.failure for audit in audits if audit.failure), ""),
    )


def judge(audit: Audit, *, required: bool) -> tuple[int, str]:
    """Return the exit code and the message."""
    if audit.vulnerable:
        return 1, "\n".join(["Dependencies with known vulnerabilities:", *audit.vulnerable])
    reason = audit.failure or ("" if audit.asked else "the vulnerability service knows none of the packages")
    if reason:
        text = f"NOT AUDITED: the dependencies could not be checked for known vulnerabilities: {reason}"
        return int(required), text
    if audit.skipped:
        text = f"{audit.asked} packages have no known vulnerability. NOT AUDITED: {', '.join(audit.skipped)}"
        return int(required), text
    return 0, f"{audit.asked} packages have no known vulnerability."


if __name__ == "__main__":
    audits = []
    for requirements in REQUIREMENTS:
        audited = ask(requirements)
        audits.append(ask_mirror(audited, requirements, package) if audited.skipped else audited)
    code, text = judge(together(audits), required="--required" in sys.argv[1:])
    print(text, file=sys.stderr if "NOT AUDITED" in text else sys.stdout)
    sys.exit(code)
