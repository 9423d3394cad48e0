"""Ask whether any locked dependency has a known vulnerability (pip-audit), and be plain about what could not be asked.

    tools/audit.py              fail if one has; say so, and pass, if nobody could be asked
    tools/audit.py --required   fail then, too

pip-audit asks the vulnerability service of the public index, whatever index this machine installs from: an index that
mirrors it rarely has that service. `PIP_AUDIT_VULNERABILITY_SERVICE` and `PIP_AUDIT_OSV_URL` choose another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
# Together they have every package that is shipped, or that the project is made with.
REQUIREMENTS = ("requirements/lint.txt", "requirements/sam.txt")
# Vulnerabilities that do not concern us, each with the reason.
IGNORED: dict[str, str] = {}
SECONDS = 240


class Audit(NamedTuple):
    """What came of asking.

    Parameters
    ----------
    vulnerable : list of str
        A line for each vulnerability.
    asked : int
        How many packages were looked up.
    skipped : list of str
        Packages that nobody knew anything about.
    failure : str
        Why nothing came of it, or nothing.
    """

    vulnerable: list[str]
    asked: int
    skipped: list[str]
    failure: str = ""


def ask() -> Audit:
    """Run pip-audit over the locked requirements; nothing is installed or resolved for it."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    command += ["--progress-spinner", "off", "--desc", "off", "--timeout", "10"]
    command += [option for file in REQUIREMENTS for option in ("--requirement", file)]
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
    """Read what pip-audit wrote: its report, or, if it could not make one, why."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = [line for line in errors.splitlines() if line.strip()]
        return Audit([], 0, [], lines[-1] if lines else "pip-audit made no report")
    vulnerable = [
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none yet'}"
        for each in dependencies
        for found in each.get("vulns", [])
    ]
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    return Audit(sorted(set(vulnerable)), len(dependencies) - len(skipped), sorted(set(skipped)))


def judge(audit: Audit, *, required: bool) -> tuple[int, str]:
    """Return the exit code and what to say."""
    if audit.vulnerable:
        return 1, "\n".join(["Dependencies with known vulnerabilities:", *audit.vulnerable])
    reason = audit.failure or ("" if audit.asked else "the vulnerability service knows none of the packages")
    if reason:
        text = f"NOT AUDITED: the dependencies' known vulnerabilities could not be asked for: {reason}"
        return int(required), text
    if audit.skipped:
        text = f"{audit.asked} packages have no known vulnerability. NOT AUDITED: {', '.join(audit.skipped)}"
        return int(required), text
    return 0, f"{audit.asked} packages have no known vulnerability."


if __name__ == "__main__":
    code, text = judge(ask(), required="--required" in sys.argv[1:])
    print(text, file=sys.stderr if "NOT AUDITED" in text else sys.stdout)
    sys.exit(code)
