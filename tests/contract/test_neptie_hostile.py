"""Bodies that nobody means well with: too large, too deep, too many, in odd encodings, with markup in names."""

from __future__ import annotations

import codecs
import gzip
from typing import Any

import pytest

from tests.contract import client_api, vibetrace_client
from tests.contract.neptie_client import NOT_JSON, TOO_LARGE, Neptie, invalid
from tests.contract.outreach import NOWHERE, Team
from tests.infrastructure import stack
from tests.local_stack import Stack

IN_PROCESS = True

#: What API Gateway says when Lambda would not take the request.
TOO_LONG = (413, {"message": "Request Too Long"})
JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
ROWS = "full_name,email\nAnn,ann@example.com\n"
ROUTES = sorted(
    (method, path.replace("{id}", NOWHERE))
    for (method, path), function in stack.routes().items()
    if function.startswith("Neptie")
    and path.startswith("/api/")
    and method in ("POST", "PUT")
    # It takes no body.
    and function != "NeptieLogout"
)
#: One route of each other API, with what it says about a body that is too large.
OTHERS: dict[str, Any] = {
    "/neptune/dev/users": {
        "message": "The body must not be larger than 262144 bytes",
        "errorCode": "PayloadTooLarge",
    },
    "/v1/event": vibetrace_client.TOO_LARGE,
    "/manage/environments": {"message": "Request too large"},
}
every_route = pytest.mark.parametrize(("method", "path"), ROUTES)


def text(size: int) -> bytes:
    """Return a JSON object of so many bytes."""
    return b'{"full_name":"%s"}' % (b"x" * (size - 16))


@every_route
@pytest.mark.parametrize("size", [10_000_000, 10 * 1024 * 1024])
def test_ten_megabytes_are_too_long(sales: Neptie, method: str, path: str, size: int) -> None:
    assert sales.call(method, path, text(size), JSON) == TOO_LONG


@every_route
def test_what_lambda_still_takes_is_too_large(sales: Neptie, method: str, path: str) -> None:
    answer = sales.request(method, path, text(6_000_000), JSON)
    assert (answer.status, answer.json()) == TOO_LARGE
    assert answer.headers["X-RateLimit-Limit"] == "1000"


@pytest.mark.parametrize("path", sorted(OTHERS))
def test_ten_megabytes_are_too_long_and_six_too_large_for_every_api(local_stack: Stack, path: str) -> None:
    for size, answer in ((10_000_000, TOO_LONG), (6_000_000, (413, OTHERS[path]))):
        found = local_stack.request("POST", path, text(size), JSON, token=local_stack.demo["api_token"])
        assert (found.status, found.json()) == answer


def test_ten_megabytes_are_too_long_and_six_too_large_for_apps(local_stack: Stack) -> None:
    sent = {**JSON, "Authorization": f"Bearer {local_stack.demo['public_key']}"}
    found = local_stack.request("POST", "/api/client/events", text(10_000_000), sent)
    assert (found.status, found.json()) == TOO_LONG
    found = local_stack.request("POST", "/api/client/events", text(6_000_000), sent)
    assert (found.status, found.body) == client_api.BAD_REQUEST


@every_route
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 200_000,
        b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
        b'{"lead_ids":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=["arrays", "open", "objects", "field"],
)
def test_json_of_a_hundred_thousand_levels_is_no_json(sales: Neptie, method: str, path: str, body: bytes) -> None:
    assert sales.call(method, path, body, JSON) == NOT_JSON


def test_an_import_of_two_million_levels_is_no_json(sales: Neptie) -> None:
    assert sales.call("POST", "leads/import", b"[" * 2_000_000 + b"]" * 2_000_000, JSON) == NOT_JSON


def test_json_of_ninety_levels_is_kept(sales: Neptie) -> None:
    audience: dict[str, Any] = {}
    for _ in range(90):
        audience = {"a": audience}
    assert sales.campaign(target_audience=audience)["target_audience"] == audience


@pytest.mark.parametrize("path", ["ai/rank-leads", f"campaigns/{NOWHERE}/assign-leads"])
@pytest.mark.parametrize("ids", [[NOWHERE] * 1001, ["x" * 200] * 1001])
def test_a_thousand_and_one_ids_are_too_many(sales: Neptie, path: str, ids: list[str]) -> None:
    assert sales.call("POST", path, {"lead_ids": ids}) == invalid(lead_ids="must have at most 1000 items")


@pytest.mark.parametrize(
    "body",
    [
        codecs.BOM_UTF32_LE + ROWS.encode("utf-32-le"),
        ROWS.replace("Ann", "Änn").encode("latin-1"),
        ROWS.replace("Ann", "\u201cAnn\u201d").encode("cp1252"),
        ROWS.replace("Ann", "\N{HIRAGANA LETTER A}").encode("shift-jis"),
        gzip.compress(ROWS.encode()),
    ],
    ids=["utf-32", "latin-1", "cp1252", "shift-jis", "gzip"],
)
def test_csv_in_another_encoding_says_which_is_wanted(sales: Neptie, body: bytes) -> None:
    assert sales.call("POST", "leads/import", body, CSV) == invalid(leads="must be CSV in UTF-8")
    assert sales.leads() == ([], 0)


@pytest.mark.parametrize("body", [ROWS.encode("utf-16-le"), b"\0" * 1000, b"\xef\xbb\xbf"])
def test_csv_whose_encoding_does_not_show_has_no_header_that_fits(sales: Neptie, body: bytes) -> None:
    status, answer = sales.call("POST", "leads/import", body, CSV)
    assert status == 400
    assert answer["errors"][0]["field"] in ("leads", "full_name")


def test_a_csv_row_with_nul_bytes_is_bad_and_the_others_are_not(sales: Neptie) -> None:
    body = b"full_name,email\nAnn,a\0@example.com\nBo\0b,b@example.com\nCid,c@example.com\n"
    answer = sales.ok("POST", "leads/import", body, CSV)
    assert (answer["added"], [error["row"] for error in answer["errors"]]) == (2, [1])
    assert {lead["email"] for lead in sales.ok("GET", "leads")["leads"]} == {"b@example.com", "c@example.com"}


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\0", "\u2028", "\x85", "%0d%0a"])
def test_an_address_that_would_begin_another_header_is_none(sales: Neptie, end: str) -> None:
    wrong = {"full_name": "A", "email": f"a@example.com{end}Bcc: b@example.com"}
    assert sales.call("POST", "leads", wrong) == invalid(email="must be a valid email address")
    account = {"email": wrong["email"], "provider": "gmail", "oauth_token": "t"}
    assert sales.call("POST", "email/accounts", account) == invalid(email="must be a valid email address")


@pytest.mark.over_http
def test_markup_and_line_breaks_in_names_are_kept_as_data_and_stay_out_of_mails(sales: Neptie) -> None:
    team = Team(sales)
    name = "<script>alert(1)</script>\r\nBcc: x@example.org"
    fields = {"full_name": name, "company": "<img src=x onerror=alert(1)>", "job_title": "{{ 7 | times: 7 }}"}
    lead = team.lead(**fields)
    answer = sales.request("GET", f"leads/{lead['id']}")
    assert answer.headers["Content-Type"] == "application/json"
    assert {field: answer.json()["lead"][field] for field in fields} == fields
    campaign = team.campaign(name="<b>Spring</b>\r\nBcc: y@example.org")
    asked = {"lead_id": lead["id"], "campaign_id": campaign}
    written = sales.ok("POST", "ai/generate-email", asked)["email"]
    team.send(lead, campaign, subject=written["subject"], content=written["content"])
    mail = team.mail(lead)
    assert mail["html"] is None
    assert set(mail["headers"]) == {"List-Unsubscribe", "List-Unsubscribe-Post"}
    for told in (written["subject"], written["content"], mail["subject"], mail["text"]):
        assert not set("<>{}\r") & set(told)
        assert "example.org" not in told
