"""Which packages each function loads when it starts, and how many modules: bench/budget.json has the number."""

from __future__ import annotations

import os

import pytest

from bench import budget
from bench.modules import HANDLERS, counted, loaded

BUDGET = budget.read()
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="functions are loaded in children of one process")
#: The functions that check templates.
TEMPLATES = {f"manage/{name}" for name in ("put_event_type", "preview_notifications", "send_test")}
#: Those that ask nobody who they are, and those that no request comes to.
PUBLIC = {name for name in HANDLERS if name.startswith("public/")}
PIPELINE = {name for name in HANDLERS if name.startswith("pipeline/")}
#: Those that ask for a JWT.
OF_TOKENS = {name for name in HANDLERS if name.partition("/")[0] in ("manage", "neptie", "neptune", "vibetrace")}
#: Packages that take long to load, each with the functions that load it as they start. What is used by few requests
#: or few functions is imported where it is used: clients of AWS by `nereid.runtime`, hashes of passwords by logins.
LOADED_BY: dict[str, set[str]] = {
    "liquid": TEMPLATES,
    "babel.core": set(),
    "asyncio": set(),
    "importlib_resources": set(),
    "urllib3": set(),
    "pytz": TEMPLATES,
    "argon2": set(),
    "idna": set(),
    "phonenumbers": set(),
    "aws_xray_sdk": set(),
    "boto3": set(),
    "botocore.client": set(),
    "moto": set(),
    "cachetools": set(HANDLERS) - PUBLIC - {"pipeline/sweep_deliveries"},
    "jwt": OF_TOKENS,
    # All know settings and logs.
    "aws_lambda_powertools": set(HANDLERS),
    "pydantic": set(HANDLERS),
}


def of(api: str) -> set[str]:
    """Return the functions of an API."""
    return {name for name in HANDLERS if name.startswith(f"{api}/")}


#: Parts of the product that are of use to some functions alone. What an API shows of them lives with the models.
KNOWN_TO: dict[str, set[str]] = {
    # What takes events in knows nothing of what becomes of them.
    "nereid.models.delivery": set(HANDLERS)
    - {
        "neptune/ingest_event",
        "neptune/post_event",
        "client/post_events",
        "client/identify_user",
        "vibetrace/post_event",
    }
    - PUBLIC,
    # Loaded where the stack is traced.
    "nereid.spans": set(),
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


def having(part: str) -> set[str]:
    """Return the functions that have loaded a package or module, or something in it."""
    return {
        name for name, modules in loaded().items() if any(f"{module}.".startswith(f"{part}.") for module in modules)
    }


@needs_fork
@pytest.mark.parametrize(("part", "functions"), [*LOADED_BY.items(), *KNOWN_TO.items()])
def test_a_function_loads_only_what_it_uses(part: str, functions: set[str]) -> None:
    assert having(part) - functions == set()


@needs_fork
def test_a_function_that_asks_for_a_token_has_loaded_what_checks_it() -> None:
    assert OF_TOKENS - having("jwt") == set()


@needs_fork
def test_a_start_loads_no_more_modules_than_its_budget_has() -> None:
    counts = {name: counted(one) for name, one in loaded().items()}
    over = {name: count for name, count in counts.items() if count > BUDGET["functions"][name]["most_modules"]}
    assert over == {}
