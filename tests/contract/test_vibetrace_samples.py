"""The samples of events/vibetrace, through the functions themselves, over the local stack's stores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.contract import vibetrace_client as vt
from tests.local_stack import ROOT, Stack
from tests.support.teams import Operator

INVOKE = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("app", sys.argv[1])
app = importlib.util.module_from_spec(spec)
spec.loader.exec_module(app)
answer = app.handler(json.load(sys.stdin), None)
print(json.dumps({"status": answer["statusCode"], "body": json.loads(answer["body"])}))
"""


def invoke(stack: Stack, token: str, function: str, sample: str) -> tuple[int, Any]:
    """Run a function with a sample, whose token is replaced."""
    folder = f"vibetrace/{function}"
    event = json.loads((ROOT / "events" / folder / f"{sample}.json").read_text(encoding="utf-8"))
    event["headers"]["authorization"] = token
    logical_id = "Vibetrace" + "".join(part.capitalize() for part in function.split("_"))
    credentials = {"AWS_ACCESS_KEY_ID": logical_id, "AWS_SECRET_ACCESS_KEY": "test"}
    done = subprocess.run(
        [sys.executable, "-c", INVOKE, str(ROOT / "functions" / folder / "app.py")],
        input=json.dumps(event),
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "layers" / "nereid"),
            **stack.environment(logical_id),
            **credentials,
        },
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["status"], answer["body"]


@pytest.mark.slow
def test_the_good_samples_succeed(local_stack: Stack, operator: Operator) -> None:
    token = operator.team().token  # a team where nobody has the samples' address yet
    status, created = invoke(local_stack, token, "create_user", "good")
    assert (status, created["object"]["email"]) == (200, "sam@example.com")
    status, updated = invoke(local_stack, token, "update_user", "good")
    assert (status, updated["object"]) == (200, {**created["object"], "city": "Paris", "tags": ["tag_one"]})
    assert invoke(local_stack, token, "get_user", "good") == (200, updated["object"])
    assert invoke(local_stack, token, "post_event", "good") == (200, json.loads(vt.CREATED))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("post_event", (400, vt.MISSING_EVENT)),
        ("get_user", (404, vt.NO_USER)),
        ("create_user", (400, vt.BAD_USER)),
        ("update_user", (404, vt.NO_USER)),
    ],
)
@pytest.mark.slow
def test_the_bad_samples_are_refused(local_stack: Stack, function: str, expected: tuple[int, Any]) -> None:
    assert invoke(local_stack, local_stack.demo["event_api_key"], function, "bad") == expected
