"""What each function loads when it starts: every module is paid for at each cold start, in time and in money."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from tests.infrastructure import stack

LAYER = stack.ROOT / "layers" / "nereid"
HANDLERS = {"/".join(path.parts[-3:-1]): path for path in sorted(stack.ROOT.glob("functions/*/*/app.py"))}
#: The functions that check templates.
TEMPLATES = {f"manage/{name}" for name in ("put_event_type", "preview_notifications", "send_test")}
#: Packages that take long to load, each with the functions that load it as they start. What is used by few requests
#: or few functions is imported where it is used: clients of AWS by `nereid.runtime`, hashes of passwords by logins.
LOADED_BY: dict[str, set[str]] = {
    "liquid": TEMPLATES,
    "babel": TEMPLATES,
    "pytz": TEMPLATES,
    "argon2": set(),
    "idna": set(),
    "phonenumbers": set(),
    "aws_xray_sdk": set(),
    "boto3": set(),
    "moto": set(),
    # All know credentials, logs and bodies.
    "aws_lambda_powertools": set(HANDLERS),
    "cachetools": set(HANDLERS),
    "jwt": set(HANDLERS),
    "pydantic": set(HANDLERS),
}


def of(api: str) -> set[str]:
    """Return the functions of an API, and the one that answers for all of them where no route does."""
    return {name for name in HANDLERS if name.startswith(f"{api}/")} | {"public/not_found"}


#: Parts of the product that are of use to some functions alone. What an API shows of them lives with the models.
KNOWN_TO: dict[str, set[str]] = {
    "nereid.core.templates": TEMPLATES,
    "nereid.core.messaging.process_message": set(),
    "nereid.core.messaging.dead_letters": set(),
    "nereid.core.messaging.replay_message": set(),
    "nereid.core.access.accounts": {
        "manage/create_api_token",
        "manage/create_client_key",
        "manage/create_environment",
        "manage/create_team",
        "manage/update_environment",
        "neptie/register",
    },
    "nereid.core.outreach": of("neptie")
    - {f"neptie/{name}" for name in ("list_leads", "login", "refresh", "register")},
    "nereid.core.outreach.rank_leads": {"neptie/rank_leads"},
    "nereid.core.outreach.show_email": {"neptie/get_email"},
    "nereid.core.outreach.campaign_performance": {"neptie/campaign_performance"},
    "nereid.dialects.neptune": of("neptune"),
    "nereid.dialects.client": of("client"),
    "nereid.dialects.vibetrace": of("vibetrace"),
    "nereid.dialects.neptie": of("neptie"),
    "nereid.dialects.manage": of("manage"),
}
#: Most modules that a function may load, and that all of them together may: about a tenth above what they do.
MOST, MOST_TOGETHER = 640, 39_000
_CODE = """
import importlib.util, json, os, sys

def load(path):
    spec = importlib.util.spec_from_file_location("app", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))

import nereid.runtime  # which all of them load
for path in sys.argv[1:]:
    reading, writing = os.pipe()
    if os.fork() == 0:
        load(path)
        with os.fdopen(writing, "w") as out:
            json.dump(sorted(sys.modules), out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        print(answer.read(), flush=True)
    os.wait()
"""


@cache
def loaded() -> dict[str, frozenset[str]]:
    """Return the modules that each function has loaded when it is ready for its first event."""
    command = [sys.executable, "-c", _CODE, *(str(path) for path in HANDLERS.values())]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(LAYER)}, check=True, stdout=subprocess.PIPE, text=True, timeout=120
    )
    lines = done.stdout.splitlines()
    return {name: frozenset(json.loads(line)) for name, line in zip(HANDLERS, lines, strict=True)}


def having(part: str) -> set[str]:
    """Return the functions that have loaded a package or module, or something in it."""
    return {
        name for name, modules in loaded().items() if any(f"{module}.".startswith(f"{part}.") for module in modules)
    }


def table() -> str:
    """Return how many modules each function loads, most first."""
    counts = sorted(((len(modules), name) for name, modules in loaded().items()), reverse=True)
    return "\n".join(f"{count:5} {name}" for count, name in [(sum(count for count, _ in counts), "together"), *counts])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="functions are loaded in children of one process")
@pytest.mark.parametrize(("part", "functions"), [*LOADED_BY.items(), *KNOWN_TO.items()])
def test_a_function_loads_only_what_it_uses(part: str, functions: set[str]) -> None:
    assert having(part) - functions == set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="functions are loaded in children of one process")
def test_a_start_loads_no_more_modules_than_it_did() -> None:
    assert max(map(len, loaded().values())) <= MOST, table()
    assert sum(map(len, loaded().values())) <= MOST_TOGETHER, table()
