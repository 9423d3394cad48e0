"""Suppressions in the table: reasons, soft bounces in a row, removal, pages. Reports come in any order."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nereid.aws.clients import Clients
from nereid.aws.messaging.suppressions import DynamoSuppressionStore
from nereid.aws.table import Table
from nereid.contention import TRIES
from nereid.errors import NotFound, Unavailable
from nereid.models.suppression import SOFT_BOUNCES, SUPPRESSION_REASONS, Suppression, suppressed_softly
from tests.support.cloud import Cloud

BEGIN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
ADDRESS = "sam@example.com"


def moment(number: int) -> datetime:
    return BEGIN + timedelta(minutes=number)


class List:
    """The suppressions of a team that has none yet."""

    def __init__(self) -> None:
        self.table = Table(Clients(), "AudienceTable")
        self.store = DynamoSuppressionStore(self.table)
        self.team = str(uuid.uuid4())

    def get(self, email: str = ADDRESS) -> Suppression | None:
        return self.store.get(self.team, email)

    def reasons(self) -> list[str]:
        found = self.get()
        return list(found.reasons) if found else []

    def bounce(self, number: int, delivery: str | None = None) -> Suppression | None:
        return self.store.soft_bounced(self.team, ADDRESS, delivery or f"d-{number}", moment(number))

    def deliver(self, number: int) -> None:
        self.store.delivered(self.team, ADDRESS, moment(number))

    def item(self) -> dict[str, Any]:
        return self.table.get(f"{self.team}#suppression#{ADDRESS}", "suppression") or {}

    def pages(self, limit: int, reason: Any = None) -> list[list[str]]:
        pages, after = [], None
        while True:
            found, after = self.store.page(self.team, after, limit, reason)
            pages.append([each.email for each in found])
            if after is None:
                return pages


@pytest.fixture
def suppressed(cloud: Cloud) -> List:
    return List()


class TestReasons:
    def test_an_address_has_every_reason_since_it_first_came(self, suppressed: List) -> None:
        for reason in SUPPRESSION_REASONS:
            for number in (2, 1, 3):
                suppressed.store.add(suppressed.team, "SAM@example.com", reason, moment(number), f"{reason} {number}")
        found = suppressed.get("Sam@Example.com")
        assert found is not None
        assert found.email == ADDRESS
        assert found.reasons == dict.fromkeys(SUPPRESSION_REASONS, moment(1))
        assert found.details == {reason: f"{reason} 1" for reason in SUPPRESSION_REASONS}

    def test_a_reason_says_nothing_more_than_its_earliest_report(self, suppressed: List) -> None:
        suppressed.store.add(suppressed.team, ADDRESS, "complaint", moment(2), "abuse")
        suppressed.store.add(suppressed.team, ADDRESS, "complaint", moment(1))
        found = suppressed.get()
        assert found is not None
        assert (found.reasons, found.details) == ({"complaint": moment(1)}, {})

    def test_an_address_of_another_team_is_none_of_it(self, suppressed: List) -> None:
        suppressed.store.add(suppressed.team, ADDRESS, "bounce", BEGIN)
        other = List()
        assert (other.get(), other.pages(10)) == (None, [[]])


class TestSoftBounces:
    @pytest.mark.parametrize("many", [SOFT_BOUNCES - 1, SOFT_BOUNCES, SOFT_BOUNCES + 1])
    def test_five_in_a_row_suppress_as_a_bounce_does(self, suppressed: List, many: int) -> None:
        *_, last = [suppressed.bounce(number) for number in range(many)]
        assert last == suppressed.get()
        if many < SOFT_BOUNCES:
            assert last is None
            return
        assert last is not None
        assert last.forbids(subscription=False) == "bounce"
        assert last.reasons == {"bounce": moment(SOFT_BOUNCES - 1)}
        assert last.details == {"bounce": "5 soft bounces in a row"}

    def test_a_bounce_counts_once_however_often_it_is_reported(self, suppressed: List) -> None:
        for _ in range(SOFT_BOUNCES):
            assert suppressed.bounce(1) is None
        for number in range(2, SOFT_BOUNCES):
            assert suppressed.bounce(number) is None
        assert suppressed.bounce(1) is None
        assert suppressed.bounce(SOFT_BOUNCES) is not None

    def test_a_mail_that_arrives_ends_a_row(self, suppressed: List) -> None:
        for number in range(SOFT_BOUNCES - 1):
            suppressed.bounce(number)
        suppressed.deliver(10)
        for number in range(11, 10 + SOFT_BOUNCES):
            assert suppressed.bounce(number) is None
        assert suppressed.bounce(30) is not None

    def test_a_mail_that_arrives_at_the_moment_of_a_bounce_takes_it_away(self, suppressed: List) -> None:
        suppressed.bounce(1)
        suppressed.bounce(2)
        suppressed.deliver(1)
        assert [name for name in suppressed.item() if name.startswith("soft_bounce")] == ["soft_bounce#d-2"]

    def test_each_write_counts_the_revision_on(self, suppressed: List) -> None:
        suppressed.bounce(1)
        suppressed.bounce(2)
        assert suppressed.item()["revision"] == 2
        suppressed.deliver(1)
        assert suppressed.item()["revision"] == 3
        suppressed.store.add(suppressed.team, ADDRESS, "complaint", BEGIN)
        assert suppressed.item()["revision"] == 4

    def test_a_mail_that_arrived_before_the_row_ends_nothing(self, suppressed: List) -> None:
        for number in range(1, SOFT_BOUNCES):
            suppressed.bounce(number)
        suppressed.deliver(0)
        assert suppressed.bounce(SOFT_BOUNCES) is not None

    def test_a_mail_that_arrived_in_between_lifts_what_came_of_not_knowing_it(self, suppressed: List) -> None:
        for number in range(SOFT_BOUNCES):
            suppressed.bounce(number)
        assert suppressed.pages(10) == [[ADDRESS]]
        suppressed.deliver(2)
        assert (suppressed.get(), suppressed.pages(10)) == (None, [[]])

    def test_a_mail_that_arrives_ends_no_other_reason(self, suppressed: List) -> None:
        suppressed.store.add(suppressed.team, ADDRESS, "unsubscribe", BEGIN)
        for number in range(SOFT_BOUNCES):
            suppressed.bounce(number)
        suppressed.deliver(20)
        assert suppressed.reasons() == ["unsubscribe"]
        assert suppressed.pages(10) == [[ADDRESS]]
        assert "expires_at" not in suppressed.item()

    def test_an_address_without_soft_bounces_is_not_written_for_what_arrives(self, suppressed: List) -> None:
        suppressed.deliver(1)
        assert suppressed.item() == {}
        suppressed.store.add(suppressed.team, ADDRESS, "unsubscribe", BEGIN)
        before = suppressed.item()
        suppressed.deliver(2)
        assert suppressed.item() == before

    def test_what_says_nothing_any_more_expires(self, suppressed: List) -> None:
        suppressed.bounce(1)
        assert "expires_at" not in suppressed.item()
        suppressed.deliver(2)
        kept = suppressed.item()
        assert kept["expires_at"] > moment(2).timestamp() + 14 * 86400
        assert not [name for name in kept if name.startswith("soft_bounce")]
        suppressed.deliver(9)
        assert suppressed.item()["expires_at"] == kept["expires_at"]
        suppressed.bounce(10)
        assert "expires_at" not in suppressed.item()

    def test_a_row_that_could_not_be_listed_suppresses_all_the_same(self, cloud: Cloud, suppressed: List) -> None:
        for number in range(SOFT_BOUNCES - 1):
            suppressed.bounce(number)
        cloud.fail("dynamodb:UpdateItem", None, ("ThrottlingException", 400))
        with pytest.raises(Unavailable):
            suppressed.bounce(SOFT_BOUNCES)
        assert suppressed.reasons() == ["bounce"]
        assert suppressed.pages(10) == [[]]
        suppressed.bounce(SOFT_BOUNCES)
        assert suppressed.pages(10) == [[ADDRESS]]


FACTS = st.lists(st.booleans(), min_size=4, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=FACTS, data=st.data())
@pytest.mark.slow
def test_the_order_and_number_of_reports_change_nothing(cloud: Cloud, facts: list[bool], data: st.DataObject) -> None:
    # Each mail to the address either bounced softly or arrived, one after the other. One bounce is on record already.
    suppressed = List()
    suppressed.bounce(-1)
    once = list(enumerate(facts))
    reports = data.draw(st.permutations(once + data.draw(st.lists(st.sampled_from(once), max_size=4))))
    for number, arrived in reports:
        if arrived:
            suppressed.deliver(number)
        else:
            suppressed.bounce(number)
    row = 0
    for arrived in [False, *facts]:
        row = 0 if arrived else row + 1
    assert suppressed.reasons() == (["bounce"] if row >= SOFT_BOUNCES else [])
    assert suppressed.pages(10) == [[ADDRESS] if row >= SOFT_BOUNCES else []]


def test_a_moment_is_the_fifths() -> None:
    bounces = [moment(number) for number in (6, 2, 4, 5, 3, 1)]
    assert suppressed_softly(bounces, None) == moment(5)
    assert suppressed_softly(bounces, moment(1)) == moment(6)
    assert suppressed_softly(bounces, moment(2)) is None


class TestRemoval:
    def test_one_reason_or_more_are_removed(self, suppressed: List) -> None:
        for reason in SUPPRESSION_REASONS:
            suppressed.store.add(suppressed.team, ADDRESS, reason, BEGIN)
        suppressed.store.remove(suppressed.team, ADDRESS, ["complaint"], moment(1))
        assert suppressed.reasons() == ["bounce", "unsubscribe"]
        assert suppressed.pages(10) == [[ADDRESS]]
        suppressed.store.remove(suppressed.team, ADDRESS.upper(), SUPPRESSION_REASONS, moment(2))
        assert (suppressed.get(), suppressed.pages(10)) == (None, [[]])
        assert "expires_at" in suppressed.item()

    @pytest.mark.parametrize("reasons", [["complaint"], SUPPRESSION_REASONS])
    def test_what_is_not_there_cannot_be_removed(self, suppressed: List, reasons: Any) -> None:
        if len(reasons) == 1:
            suppressed.store.add(suppressed.team, ADDRESS, "bounce", BEGIN)
        with pytest.raises(NotFound):
            suppressed.store.remove(suppressed.team, ADDRESS, reasons, moment(1))

    def test_a_report_of_what_was_before_comes_too_late(self, suppressed: List) -> None:
        suppressed.store.add(suppressed.team, ADDRESS, "bounce", BEGIN)
        suppressed.store.remove(suppressed.team, ADDRESS, SUPPRESSION_REASONS, moment(1))
        suppressed.store.add(suppressed.team, ADDRESS, "bounce", BEGIN)
        assert suppressed.reasons() == []
        suppressed.store.add(suppressed.team, ADDRESS, "bounce", moment(2))
        assert suppressed.reasons() == ["bounce"]
        assert "expires_at" not in suppressed.item()

    def test_other_reasons_are_none_of_its_business(self, suppressed: List) -> None:
        suppressed.store.add(suppressed.team, ADDRESS, "bounce", BEGIN)
        suppressed.store.remove(suppressed.team, ADDRESS, ["bounce"], moment(1))
        suppressed.store.add(suppressed.team, ADDRESS, "complaint", BEGIN)
        assert suppressed.reasons() == ["complaint"]

    def test_soft_bounces_begin_anew(self, suppressed: List) -> None:
        for number in range(SOFT_BOUNCES):
            suppressed.bounce(number)
        suppressed.store.remove(suppressed.team, ADDRESS, ["bounce"], moment(10))
        assert suppressed.reasons() == []
        for number in (*range(SOFT_BOUNCES), *range(11, 10 + SOFT_BOUNCES)):
            assert suppressed.bounce(number) is None
        assert suppressed.bounce(20) is not None

    @pytest.mark.parametrize("happens", ["remove", "deliver"])
    def test_a_reason_that_comes_in_between_stays(self, cloud: Cloud, suppressed: List, happens: str) -> None:
        suppressed.bounce(1)
        suppressed.store.add(suppressed.team, ADDRESS, "unsubscribe", BEGIN)

        def interfere(_request: Any) -> None:
            suppressed.store.add(suppressed.team, ADDRESS, "complaint", BEGIN)

        cloud.fail("dynamodb:UpdateItem", interfere)
        if happens == "remove":
            suppressed.store.remove(suppressed.team, ADDRESS, ["unsubscribe"], moment(2))
            assert suppressed.reasons() == ["complaint"]
        else:
            suppressed.deliver(2)
            assert suppressed.reasons() == ["complaint", "unsubscribe"]
        assert suppressed.pages(10) == [[ADDRESS]]
        assert "expires_at" not in suppressed.item()

    def test_an_item_that_is_written_all_the_time_is_given_up(self, cloud: Cloud, suppressed: List) -> None:
        suppressed.store.add(suppressed.team, ADDRESS, "bounce", BEGIN)
        cloud.fail("dynamodb:UpdateItem", *[("ConditionalCheckFailedException", 400)] * TRIES)
        with pytest.raises(Unavailable):
            suppressed.store.remove(suppressed.team, ADDRESS, ["bounce"], moment(1))


class TestPages:
    @pytest.fixture
    def many(self, suppressed: List) -> List:
        for number in range(6):
            reason = SUPPRESSION_REASONS[number % 3]
            suppressed.store.add(suppressed.team, f"a{number}@example.com", reason, BEGIN)
        return suppressed

    @pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 6), (4, [4, 2]), (6, [6]), (3, [3, 3]), (100, [6])])
    def test_every_address_is_on_one_page(self, many: List, limit: int, sizes: list[int]) -> None:
        pages = many.pages(limit)
        assert [len(page) for page in pages] == sizes
        assert [email for page in pages for email in page] == [f"a{number}@example.com" for number in range(6)]

    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_a_reason_selects(self, many: List, limit: int) -> None:
        pages = many.pages(limit, "complaint")
        assert [email for page in pages for email in page] == ["a1@example.com", "a4@example.com"]

    def test_a_list_goes_on_where_it_was_though_addresses_are_gone(self, many: List) -> None:
        found, after = many.store.page(many.team, None, 2, None)
        assert [each.email for each in found] == ["a0@example.com", "a1@example.com"]
        for number in (1, 2):
            many.store.remove(many.team, f"a{number}@example.com", SUPPRESSION_REASONS, moment(1))
        found, after = many.store.page(many.team, after, 10, None)
        assert [each.email for each in found] == [f"a{number}@example.com" for number in (3, 4, 5)]

    def test_a_page_looks_at_so_many_and_no_more(self, many: List, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("nereid.aws.messaging.suppressions._CHUNK", 2)
        monkeypatch.setattr("nereid.aws.messaging.suppressions._MOST_CHUNKS", 2)
        found, after = many.store.page(many.team, None, 5, "unsubscribe")
        assert ([each.email for each in found], after) == (["a2@example.com"], "a3@example.com")
        found, after = many.store.page(many.team, after, 5, "unsubscribe")
        assert ([each.email for each in found], after) == (["a5@example.com"], None)
