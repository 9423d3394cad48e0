"""The examples of Neptie's documentation, run as they stand but for host and token."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.local_stack import LocalStack

HOST = "https://api.neptie.com"
TOKEN = "YOUR_JWT_TOKEN"

JAVASCRIPT = """\
// Get user leads
const response = await fetch('https://api.neptie.com/v1/leads', {
  headers: {
    'Authorization': 'Bearer YOUR_JWT_TOKEN',
    'Content-Type': 'application/json'
  }
});

const leads = await response.json();

// Create a new lead
const newLead = await fetch('https://api.neptie.com/v1/leads', {
  method: 'POST',
  headers: {
    'Authorization': 'Bearer YOUR_JWT_TOKEN',
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    full_name: 'John Doe',
    email: 'john@example.com',
    company: 'Example Corp',
    job_title: 'CEO'
  })
});
"""

PYTHON = """\
import requests

# Get user leads
headers = {
    'Authorization': 'Bearer YOUR_JWT_TOKEN',
    'Content-Type': 'application/json'
}

response = requests.get('https://api.neptie.com/v1/leads', headers=headers)
leads = response.json()

# Create a new lead
lead_data = {
    'full_name': 'John Doe',
    'email': 'john@example.com',
    'company': 'Example Corp',
    'job_title': 'CEO'
}

response = requests.post('https://api.neptie.com/v1/leads',\x20
                        headers=headers, json=lead_data)
new_lead = response.json()
"""

CURL = """\
# Get user leads
curl -X GET https://api.neptie.com/v1/leads \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \\
  -H "Content-Type: application/json"

# Create a new lead
curl -X POST https://api.neptie.com/v1/leads \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "full_name": "John Doe",
    "email": "john@example.com",
    "company": "Example Corp",
    "job_title": "CEO"
  }'
"""


@pytest.fixture
def token(local_stack: LocalStack) -> str:
    body = {
        "email": f"{os.urandom(6).hex()}@example.com",
        "password": "correct horse battery",
        "full_name": "Sam Example",
    }
    answer = local_stack.request("POST", "/api/auth/register", body)
    assert answer.status == 201, answer.body
    return str(answer.json()["token"])


def run(command: list[str], example: str, stack: LocalStack, token: str) -> str:
    script = example.replace(HOST, stack.base_url).replace(TOKEN, token)
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run([*command, script], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_created(stack: LocalStack, token: str) -> None:
    (lead,) = stack.request("GET", "/v1/leads", token=token).json()["leads"]
    assert (lead["full_name"], lead["email"]) == ("John Doe", "john@example.com")
    assert (lead["company"], lead["job_title"], lead["status"]) == ("Example Corp", "CEO", "new")


def test_the_example_in_python(local_stack: LocalStack, token: str) -> None:
    shown = run(
        [sys.executable, "-c"], PYTHON + "import json; print(json.dumps([leads, new_lead]))", local_stack, token
    )
    leads, created = json.loads(shown)
    assert leads == {"leads": [], "total": 0, "page": 1}
    assert created["lead"]["email"] == "john@example.com"
    check_created(local_stack, token)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_example_in_javascript(local_stack: LocalStack, token: str) -> None:
    shown = run(
        ["node", "--input-type=module", "-e"],
        JAVASCRIPT + "console.log(JSON.stringify([leads, newLead.status]))",
        local_stack,
        token,
    )
    assert json.loads(shown) == [{"leads": [], "total": 0, "page": 1}, 201]
    check_created(local_stack, token)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_example_with_curl(local_stack: LocalStack, token: str, tmp_path: Path) -> None:
    shown = run(["bash", "-c"], f"cd {tmp_path}; {CURL}", local_stack, token)
    decoder = json.JSONDecoder()
    found: list[Any] = []
    while shown.strip():
        value, end = decoder.raw_decode(shown.strip())
        found.append(value)
        shown = shown.strip()[end:]
    assert found[0] == {"leads": [], "total": 0, "page": 1}
    assert found[1]["lead"]["company"] == "Example Corp"
    check_created(local_stack, token)
