"""Rate limits of the Neptie API: hours of the clock, counted per credential or source address, exactly."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from tests.contract.neptie_client import FORBIDDEN, PASSWORD, TOO_MANY, Neptie, address, email
from tests.local_stack import Answer
from tests.support.teams import Operator

IN_PROCESS = True

NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture(autouse=True)
def _within_one_hour() -> None:
    left = 3600 - time.time() % 3600
    if left < 20:
        time.sleep(left + 1)


def remaining(answer: Answer) -> int:
    """Return how much remains according to an answer, which must have the headers."""
    limit, left, reset = (int(answer.headers[name]) for name in NAMES)
    assert limit in (100, 500, 1000)
    assert reset % 3600 == 0
    assert 0 < reset - time.time() <= 3600
    return left


def credential(client: Neptie) -> str:
    """Return what a client's requests are counted for."""
    claims = jwt.decode(client.token, options={"verify_signature": False})
    return str(claims["sub"] if claims["aud"] == "nereid:account" else claims["jti"])


def use_up(client: Neptie, owner: str, used: int, bucket: str = "general") -> None:
    """Let so much of an owner's hour be used up."""
    hour = datetime.now(UTC).strftime("%Y-%m-%dT%H:00:00.000Z")
    client.stack.client("dynamodb").put_item(
        TableName=client.stack.environment("NeptieListLeads")["LIMITS_TABLE"],
        Item={"pk": {"S": f"{bucket}#{owner}"}, "sk": {"S": hour}, "used": {"N": str(used)}},
    )


def rows(count: int) -> list[dict[str, str]]:
    """Return so many rows for an import."""
    return [{"full_name": "P", "email": email()} for _ in range(count)]


def test_every_answer_tells_what_remains(sales: Neptie) -> None:
    lead = f"leads/{uuid.uuid4()}"
    requests: list[tuple[int, Neptie, str, str, Any]] = [
        (200, sales, "GET", "leads", None),
        (201, sales, "POST", "campaigns", {"name": "Spring", "type": "email"}),
        (400, sales, "POST", "leads", {}),
        (400, sales, "POST", "leads", b"{"),
        (400, sales, "POST", "leads/import", {}),
        (401, Neptie(sales.stack), "GET", "leads", None),
        (403, sales.with_scopes("read:campaigns"), "GET", "leads", None),
        (403, sales.with_scopes("read:campaigns"), "POST", "leads/import", None),
        (404, sales, "GET", lead, None),
        (404, sales, "GET", "nothing", None),
        (413, sales, "POST", "leads", b" " * 262145),
        (201, Neptie(sales.stack), "POST", "auth/register", {"email": email(), "password": PASSWORD, "full_name": "S"}),
        (401, Neptie(sales.stack), "POST", "auth/refresh", {"refresh_token": "x"}),
    ]
    for status, client, method, path, body in requests:
        answer = client.request(method, path, body)
        assert answer.status == status, (method, path, answer.body)
        assert remaining(answer) <= 1000


def test_each_request_counts_once_under_whatever_prefix_and_outcome(sales: Neptie) -> None:
    paths = [
        "/api/leads",
        "/v1/leads",
        "/v1/api/leads",
        "/api/campaigns",
        f"/v1/leads/{uuid.uuid4()}",
        "/api/leads?page=0",
    ]
    assert [remaining(sales.request("GET", path)) for path in paths] == [999, 998, 997, 996, 995, 994]


def test_each_credential_of_a_team_has_an_hour_of_its_own(sales: Neptie) -> None:
    sales.request("GET", "leads")
    token = sales.with_scopes("read:leads")
    assert remaining(token.request("GET", "leads")) == 999
    assert remaining(sales.newcomer().request("GET", "leads")) == 999


def test_all_tokens_of_a_team_together_have_ten_times_what_one_has(sales: Neptie, operator: Operator) -> None:
    body = {"lead_ids": [str(uuid.uuid4())]}
    use_up(sales, operator.team_of(sales.with_scopes("write:leads").token), 999, "ai_team")
    last = sales.with_scopes("write:leads").request("POST", "ai/rank-leads", body)
    assert (last.status, remaining(last)) == (404, 99)
    refused = sales.with_scopes("write:leads").request("POST", "ai/rank-leads", body)
    assert (refused.status, refused.json()) == TOO_MANY
    assert refused.headers["X-RateLimit-Limit"] == "1000"
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert sales.newcomer().request("POST", "ai/rank-leads", body).status == 404


def test_a_token_that_goes_on_beyond_its_limit_uses_nothing_of_the_others_up(sales: Neptie, operator: Operator) -> None:
    body = {"lead_ids": [str(uuid.uuid4())]}
    token = sales.with_scopes("write:leads")
    use_up(sales, credential(token), 100, "ai")
    use_up(sales, operator.team_of(token.token), 990, "ai_team")
    assert {token.request("POST", "ai/rank-leads", body).status for _ in range(20)} == {429}
    assert sales.with_scopes("write:leads").request("POST", "ai/rank-leads", body).status == 404


def test_the_thousandth_request_passes_and_the_next_does_not(sales: Neptie) -> None:
    use_up(sales, credential(sales), 999)
    last = sales.request("GET", "leads")
    assert (last.status, remaining(last)) == (200, 0)
    refused = sales.request("GET", "leads")
    assert (refused.status, refused.json()) == TOO_MANY
    assert remaining(refused) == 0
    left = int(refused.headers["Retry-After"])
    assert abs(int(refused.headers["X-RateLimit-Reset"]) - time.time() - left) <= 2


@pytest.mark.over_http
@pytest.mark.slow
def test_a_hundred_of_many_requests_at_once_pass_where_a_hundred_remain(sales: Neptie) -> None:
    use_up(sales, credential(sales), 900)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: sales.request("GET", "campaigns"), range(130)))
    assert sorted(answer.status for answer in answers) == [200] * 100 + [429] * 30
    assert sorted(remaining(answer) for answer in answers if answer.status == 200) == list(range(100))


def test_the_limit_comes_before_the_body_and_after_the_scope(sales: Neptie) -> None:
    use_up(sales, credential(sales), 1000)
    assert sales.call("POST", "leads", b"{") == TOO_MANY
    token = sales.with_scopes("read:leads")
    use_up(sales, credential(token), 1000)
    assert token.call("POST", "leads", {}) == FORBIDDEN
    assert token.call("GET", "leads") == TOO_MANY


def test_requests_without_a_valid_credential_count_for_their_source_address(sales: Neptie) -> None:
    source = address()
    stranger, forger = Neptie(sales.stack, source=source), Neptie(sales.stack, "forged", source)
    assert remaining(stranger.request("GET", "leads")) == 999
    assert remaining(forger.request("GET", "campaigns")) == 998
    assert remaining(stranger.request("POST", "auth/login", {})) == 997
    assert remaining(stranger.request("GET", "nothing")) == 996
    assert remaining(Neptie(sales.stack, sales.token, source).request("GET", "leads")) == 999
    use_up(sales, f"address#{source}", 1000)
    assert forger.call("GET", "leads") == TOO_MANY
    assert stranger.call("POST", "auth/login", {"email": email(), "password": "x"}) == TOO_MANY
    assert stranger.call("GET", "nothing") == TOO_MANY
    assert Neptie(sales.stack, sales.token, source).call("GET", "leads")[0] == 200


def test_every_row_of_an_import_counts_bad_ones_too(sales: Neptie) -> None:
    answer = sales.request("POST", "leads/import", [*rows(3), {}, "x"])
    assert answer.json()["added"] == 3
    assert remaining(answer) == 995


def test_an_import_counts_in_its_own_hour_only(sales: Neptie) -> None:
    assert remaining(sales.request("POST", "leads/import", rows(2))) == 998
    assert remaining(sales.request("GET", "leads")) == 999
    assert remaining(sales.request("POST", "leads/import", rows(1))) == 997


def test_an_import_that_is_refused_for_its_form_counts_nothing(sales: Neptie) -> None:
    assert remaining(sales.request("POST", "leads/import", b"{")) == 1000
    assert remaining(sales.request("POST", "leads/import", [{}] * 1001)) == 1000


def test_an_import_with_more_rows_than_remain_is_refused_whole_and_a_smaller_one_is_not(sales: Neptie) -> None:
    use_up(sales, credential(sales), 990, "lead_import")
    refused = sales.request("POST", "leads/import", rows(11))
    assert (refused.status, refused.json(), remaining(refused)) == (*TOO_MANY, 10)
    assert int(refused.headers["Retry-After"]) >= 1
    assert sales.leads()[1] == 0
    assert sales.ok("POST", "leads/import", rows(10))["added"] == 10
    assert sales.call("POST", "leads/import", rows(1)) == TOO_MANY


def test_an_import_of_too_many_rows_is_invalid_even_when_nothing_remains(sales: Neptie) -> None:
    use_up(sales, credential(sales), 1000, "lead_import")
    assert sales.call("POST", "leads/import", [{}] * 1001)[0] == 400


def test_a_new_hour_begins_anew(sales: Neptie) -> None:
    last_hour = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:00:00.000Z")
    sales.stack.client("dynamodb").put_item(
        TableName=sales.stack.environment("NeptieListLeads")["LIMITS_TABLE"],
        Item={"pk": {"S": f"general#{credential(sales)}"}, "sk": {"S": last_hour}, "used": {"N": "1000"}},
    )
    assert remaining(sales.request("GET", "leads")) == 999
