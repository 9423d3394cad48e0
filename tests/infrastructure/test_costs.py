"""What a stack costs that nobody uses stays what docs/costs.md says, and is little."""

from __future__ import annotations

import tomllib

import pytest

from tests.infrastructure import stack
from tools.prices import PRICES, at_rest

DOCUMENT = (stack.ROOT / "docs/costs.md").read_text(encoding="utf-8")
EMAIL = {"EmailFrom": "hello@example.com"}
ALL = {"TeamChannels": "true"}
DEV = dict(
    word.split("=")
    for word in tomllib.loads((stack.ROOT / "samconfig.toml").read_text())["default"]["global"]["parameters"][
        "parameter_overrides"
    ]
)


@pytest.mark.parametrize(
    ("parameters", "most"),
    [
        ({}, 2.00),
        ({"Alarms": "false"}, 1.25),
        (DEV, 1.10),
        (EMAIL, 3.25),
        (ALL, 5.00),
        (ALL | {"ConnectedMailboxes": "true", "UserTokens": "true"}, 7.00),
    ],
    ids=["default", "no alarms", "dev", "e-mail", "all channels", "everything"],
)
def test_a_stack_that_nobody_uses_costs_little_and_what_the_document_says(
    parameters: dict[str, str], most: float
) -> None:
    together = sum(at_rest(parameters).values())
    assert together <= most
    assert f"**{together:.2f}**" in DOCUMENT


@pytest.mark.parametrize(("parameters", "name"), [({}, "default"), (EMAIL, "e-mail"), (ALL, "all channels")])
def test_a_bill_is_in_the_document_part_by_part(parameters: dict[str, str], name: str) -> None:
    (row,) = (line for line in DOCUMENT.splitlines() if line.startswith(f"| {name} |"))
    parts = [f"{dollars:.2f}" for dollars in at_rest(parameters).values()]
    assert [cell.strip(" *") for cell in row.strip("| ").split("|")][1:-1] == parts


@pytest.mark.parametrize("page", ["operations", "costs", "deploy"])
def test_a_page_names_what_alarms_cost(page: str) -> None:
    text = (stack.ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    for parameters in ({}, ALL):
        assert f"${at_rest(parameters)['alarm metrics']:.2f}" in text


def test_keys_are_there_for_those_who_need_them_alone() -> None:
    assert at_rest()["keys"] == 0
    assert at_rest({"ConnectedMailboxes": "true"})["keys"] == PRICES["kms key"]
    assert at_rest({"UserTokens": "true"})["keys"] == PRICES["kms key"]


def test_a_channel_that_nobody_sends_by_is_not_polled() -> None:
    assert at_rest({"SmsEnabled": "true"})["polling"] > at_rest()["polling"]
    assert at_rest(ALL | {"SmsConcurrency": "0"})["polling"] < at_rest(ALL)["polling"]


def test_a_stack_costs_what_readme_says() -> None:
    readme = (stack.ROOT / "README.md").read_text(encoding="utf-8")
    assert "A stack that nobody uses costs under $2 a month, and under $5 with all channels" in readme
    assert sum(at_rest({}).values()) < 2
    assert sum(at_rest(ALL).values()) < 5
