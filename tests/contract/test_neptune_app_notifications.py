"""App notifications: a user's inbox."""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.contract.neptune_client import NOT_FOUND, Neptune, missing, not_valid, segment, unique

IN_PROCESS = True

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
READ = "/app_notifications/{env}/read"
#: In form an id, and of nothing.
NOBODYS = "ed30d890-4ef4-4df9-8c41-bdcb376b1e08"


class Inbox(NamedTuple):
    """A user with five app notifications, of which the second and the fourth were read."""

    neptune: Neptune
    user: str
    ids: list[str]

    def page(self, query: str = "") -> Any:
        return self.neptune.ok("GET", f"/app_notifications/{{env}}?user_id={self.user}{query}")

    def titles(self, query: str = "") -> list[str]:
        return [each["title"] for each in self.page(query)["data"]]


def make_inbox(neptune: Neptune) -> Inbox:
    user = neptune.user()
    ids = neptune.notices(user, "1", "2", "3", "4", "5")
    for n in (1, 3):
        assert neptune.ok("POST", READ, {"type": "notification", "id": ids[n]})["updated"] == 1
    return Inbox(neptune, user, ids)


@pytest.fixture(scope="module")
def shared(neptune: Neptune) -> Inbox:
    """Return an inbox that tests only look at."""
    return make_inbox(neptune)


@pytest.fixture
def inbox(neptune: Neptune) -> Inbox:
    return make_inbox(neptune)


class TestListing:
    def test_a_notification_has_these_members(self, shared: Inbox) -> None:
        [first] = shared.page("&type=all&sort_order=asc&per_page=1")["data"]
        assert first == {
            "uuid": shared.ids[0],
            "user_id": shared.user,
            "event_type": first["event_type"],
            "title": "1",
            "body": f"for {shared.user}",
            "data": {"n": "1"},
            "read_at": None,
            "created_at": first["created_at"],
        }
        assert list(first)[:2] == ["uuid", "user_id"]
        assert TIME.fullmatch(first["created_at"])
        assert str(uuid.UUID(first["uuid"])) == first["uuid"]

    def test_unread_is_the_default(self, shared: Inbox) -> None:
        answer = shared.page()
        assert [each["title"] for each in answer["data"]] == ["5", "3", "1"]
        assert answer["meta"] == {"page": 1, "per_page": 10, "total": 3, "unread": 3, "next_before": None}

    @pytest.mark.parametrize(("kind", "titles"), [("all", "54321"), ("unread", "531"), ("read", "42")])
    def test_a_type_selects(self, shared: Inbox, kind: str, titles: str) -> None:
        answer = shared.page(f"&type={kind}")
        assert "".join(each["title"] for each in answer["data"]) == titles
        paging = {"page": 1, "per_page": 10, "total": len(titles), "unread": 3, "next_before": None}
        assert answer["meta"] == paging

    def test_what_was_read_says_when(self, shared: Inbox) -> None:
        assert all(TIME.fullmatch(each["read_at"]) for each in shared.page("&type=read")["data"])
        assert all(each["read_at"] is None for each in shared.page("&type=unread")["data"])

    @pytest.mark.parametrize("kind", ["", "ALL", "new", "all,read"])
    def test_any_other_type_is_not_valid(self, neptune: Neptune, kind: str) -> None:
        assert neptune.call("GET", f"/app_notifications/{{env}}?user_id=u&type={kind}") == not_valid("type")

    @pytest.mark.parametrize(
        ("order", "titles"), [("asc", "12345"), ("desc", "54321"), ("ASC", "54321"), ("", "54321"), ("x", "54321")]
    )
    def test_only_asc_is_oldest_first(self, shared: Inbox, order: str, titles: str) -> None:
        assert "".join(shared.titles(f"&type=all&sort_order={order}")) == titles

    def test_the_order_holds_for_a_state_too(self, shared: Inbox) -> None:
        assert shared.titles("&sort_order=asc") == ["1", "3", "5"]
        assert shared.titles("&sort_order=asc&type=read") == ["2", "4"]

    @pytest.mark.parametrize("column", ["notification_deliveries%2Acreated_at", "title", ""])
    def test_the_column_has_no_effect(self, shared: Inbox, column: str) -> None:
        assert shared.titles(f"&type=all&sort_column={column}") == ["5", "4", "3", "2", "1"]

    def test_the_query_of_the_php_client_is_understood(self, shared: Inbox) -> None:
        column = "notification_deliveries%2Acreated_at"
        query = f"per_page=2&page=2&sort_column={column}&sort_order=desc&type=all&user_id={shared.user}"
        answer = shared.neptune.ok("GET", f"/app_notifications/{{env}}?{query}")
        assert [each["title"] for each in answer["data"]] == ["3", "2"]
        last = answer["data"][-1]["uuid"]
        assert answer["meta"] == {"page": 2, "per_page": 2, "total": 5, "unread": 3, "next_before": last}

    @pytest.mark.parametrize("kind", ["all", "unread"])
    def test_a_page_past_the_end_is_empty(self, shared: Inbox, kind: str) -> None:
        answer = shared.page(f"&type={kind}&page=7")
        assert answer["data"] == []
        assert answer["meta"]["unread"] == 3

    def test_an_unknown_user_has_none(self, neptune: Neptune) -> None:
        answer = neptune.ok("GET", f"/app_notifications/{{env}}?user_id={unique()}&type=all")
        paging = {"page": 1, "per_page": 10, "total": 0, "unread": 0, "next_before": None}
        assert answer == {"data": [], "meta": paging}

    @pytest.mark.parametrize("query", ["", "?user_id=", "?type=all"])
    def test_the_user_is_required(self, neptune: Neptune, query: str) -> None:
        assert neptune.call("GET", f"/app_notifications/{{env}}{query}") == missing("user_id")

    def test_every_wrong_parameter_is_named(self, neptune: Neptune) -> None:
        status, answer = neptune.call("GET", "/app_notifications/{env}?page=0&per_page=0&type=x")
        assert (status, set(answer["errors"])) == (422, {"page", "per_page", "type", "user_id"})
        assert answer["message"] == "Validation failed. 4 error(s)"

    @pytest.mark.parametrize("user", ["u/1 x", "50% off", "a+b@example.com", "ünï 😀", "a&b=c#d"])
    def test_any_id_can_be_asked_for(self, fresh: Neptune, user: str) -> None:
        fresh.user(user)
        fresh.notices(user, "hello")
        answer = fresh.ok("GET", f"/app_notifications/{{env}}?user_id={segment(user)}")
        assert [(each["user_id"], each["title"]) for each in answer["data"]] == [(user, "hello")]

    def test_a_template_without_data_gives_an_empty_object(self, fresh: Neptune) -> None:
        user = fresh.user()
        fresh.configure("x", {"name": "inbox", "channel": "app", "template": {"title": "t", "body": "b"}})
        fresh.message(fresh.accepted(user_id=user), until_final=True)
        assert fresh.ok("GET", f"/app_notifications/{{env}}?user_id={user}")["data"][0]["data"] == {}

    def test_a_mock_environment_has_none(self, neptune: Neptune) -> None:
        sandbox = Neptune(neptune.stack, neptune.token, "sandbox")
        user = sandbox.user()
        sandbox.configure("x", {"name": "inbox", "channel": "app", "template": {"title": "t", "body": "b"}})
        [delivery] = sandbox.message(sandbox.accepted(user_id=user), until_final=True)["deliveries"]
        assert (delivery["status"], delivery["to"]) == ("mocked", user)
        assert sandbox.ok("GET", f"/app_notifications/{{env}}?user_id={user}&type=all")["meta"]["total"] == 0
        body = {"type": "notification", "id": delivery["id"]}
        assert sandbox.call("POST", READ, body) == NOT_FOUND


class TestGoingOn:
    """A list by the position of its last notification, which no new one shifts."""

    def walk(self, inbox: Inbox, query: str) -> list[str]:
        """Return the titles of each page."""
        pages = []
        before: str | None = ""
        while before is not None:
            answer = inbox.page(f"&per_page=2{query}&before={before}")
            pages.append("".join(each["title"] for each in answer["data"]))
            before = answer["meta"]["next_before"]
            assert len(pages) < 10
        return pages

    @pytest.mark.parametrize(
        ("query", "pages"),
        [
            ("&type=all", ["54", "32", "1"]),
            ("&type=all&sort_order=asc", ["12", "34", "5"]),
            ("", ["53", "1"]),
            ("&sort_order=asc", ["13", "5"]),
            ("&type=read", ["42"]),
        ],
    )
    def test_pages_follow_each_other_to_the_end(self, shared: Inbox, query: str, pages: list[str]) -> None:
        assert self.walk(shared, query) == pages

    def test_a_new_one_shifts_nothing(self, inbox: Inbox) -> None:
        first = inbox.page("&type=all&per_page=2")
        inbox.neptune.notices(inbox.user, "6", "7")
        rest = inbox.page(f"&type=all&before={first['meta']['next_before']}")
        assert [each["title"] for each in rest["data"]] == ["3", "2", "1"]
        assert (rest["meta"]["total"], rest["meta"]["next_before"]) == (7, None)

    def test_marking_a_page_as_read_skips_nothing(self, inbox: Inbox) -> None:
        first = inbox.page("&per_page=1")
        for each in first["data"]:
            inbox.neptune.ok("POST", READ, {"type": "notification", "id": each["uuid"]})
        assert inbox.titles(f"&before={first['meta']['next_before']}") == ["3", "1"]

    def test_any_notification_is_a_position(self, shared: Inbox) -> None:
        assert shared.titles(f"&before={shared.ids[3].upper()}") == ["3", "1"]
        assert shared.titles(f"&type=read&before={shared.ids[2]}") == ["2"]
        assert shared.titles(f"&type=all&before={shared.ids[0]}") == []

    def test_pages_count_from_the_position(self, shared: Inbox) -> None:
        answer = shared.page(f"&type=all&before={shared.ids[4]}&per_page=2&page=2")
        assert [each["title"] for each in answer["data"]] == ["2", "1"]
        assert answer["meta"] == {"page": 2, "per_page": 2, "total": 5, "unread": 3, "next_before": None}

    @pytest.mark.parametrize("before", ["x", NOBODYS, f"{NOBODYS}%0A", "0" * 32, "1", "%20"])
    def test_what_is_no_notification_is_not_valid(self, neptune: Neptune, before: str) -> None:
        path = f"/app_notifications/{{env}}?user_id=u&before={before}"
        assert neptune.call("GET", path) == not_valid("before")

    def test_a_notification_of_another_environment_is_none(self, shared: Inbox, fresh: Neptune) -> None:
        path = f"/app_notifications/{{env}}?user_id={shared.user}&before={shared.ids[0]}"
        assert fresh.call("GET", path) == not_valid("before")


class TestMarkingOne:
    def mark(self, inbox: Inbox, number: int) -> Any:
        return inbox.neptune.ok("POST", READ, {"type": "notification", "id": inbox.ids[number]})

    def test_it_goes_from_unread_to_read(self, inbox: Inbox) -> None:
        assert self.mark(inbox, 0) == {"message": "Successfully updated", "updated": 1}
        assert inbox.titles() == ["5", "3"]
        assert inbox.titles("&type=read") == ["4", "2", "1"]
        meta = inbox.page("&type=all")["meta"]
        assert meta == {"page": 1, "per_page": 10, "total": 5, "unread": 2, "next_before": None}

    def test_its_id_may_be_in_capitals(self, inbox: Inbox) -> None:
        body = {"type": "notification", "id": inbox.ids[0].upper()}
        assert inbox.neptune.ok("POST", READ, body)["updated"] == 1
        assert inbox.titles() == ["5", "3"]

    def test_a_repeat_updates_nothing_and_keeps_the_time(self, inbox: Inbox) -> None:
        before = inbox.page("&type=all")
        assert self.mark(inbox, 1) == {"message": "Successfully updated", "updated": 0}
        assert inbox.page("&type=all") == before

    @pytest.mark.parametrize("unknown", ["00000000-0000-4000-8000-000000000000", "x", "a#b", "1", 1])
    def test_an_unknown_one_is_not_found(self, neptune: Neptune, unknown: Any) -> None:
        assert neptune.call("POST", READ, {"type": "notification", "id": unknown}) == NOT_FOUND

    def test_one_of_another_environment_is_not_found(self, shared: Inbox, fresh: Neptune) -> None:
        assert fresh.call("POST", READ, {"type": "notification", "id": shared.ids[0]}) == NOT_FOUND

    def test_a_delivery_on_another_channel_is_none(self, fresh: Neptune) -> None:
        fresh.configure("x", {"name": "mail", "channel": "email", "template": {"subject": "s", "text": "t"}})
        message_id = fresh.accepted(contact_infos=[{"type": "email", "value": "a@example.com"}])
        [delivery] = fresh.message(message_id, until_final=True)["deliveries"]
        assert fresh.call("POST", READ, {"type": "notification", "id": delivery["id"]}) == NOT_FOUND

    def test_one_of_a_deleted_user_is_not_found(self, inbox: Inbox) -> None:
        inbox.neptune.ok("DELETE", f"/{{env}}/users/{inbox.user}")
        body = {"type": "notification", "id": inbox.ids[0]}
        assert inbox.neptune.call("POST", READ, body) == NOT_FOUND

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_at_the_same_time_it_counts_once(self, inbox: Inbox) -> None:
        with ThreadPoolExecutor(4) as pool:
            updated = list(pool.map(lambda _: self.mark(inbox, 0)["updated"], range(6)))
        assert sorted(updated) == [0, 0, 0, 0, 0, 1]


class TestMarkingAll:
    def test_all_unread_ones_go_to_read(self, inbox: Inbox) -> None:
        before = inbox.page("&type=read")["data"]
        answer = inbox.neptune.ok("POST", READ, {"type": "user", "id": inbox.user})
        assert answer == {"message": "Successfully updated", "updated": 3}
        after = inbox.page("&type=read")
        assert after["meta"] == {"page": 1, "per_page": 10, "total": 5, "unread": 0, "next_before": None}
        assert [each for each in after["data"] if each["uuid"] in (inbox.ids[1], inbox.ids[3])] == before

    def test_a_repeat_updates_nothing(self, inbox: Inbox) -> None:
        inbox.neptune.ok("POST", READ, {"type": "user", "id": inbox.user})
        before = inbox.page("&type=all")
        assert inbox.neptune.ok("POST", READ, {"type": "user", "id": inbox.user})["updated"] == 0
        assert inbox.page("&type=all") == before

    def test_an_unknown_user_has_none_to_update(self, neptune: Neptune) -> None:
        answer = neptune.ok("POST", READ, {"type": "user", "id": unique()})
        assert answer == {"message": "Successfully updated", "updated": 0}

    def test_an_id_may_be_an_integer(self, fresh: Neptune) -> None:
        fresh.user("7")
        fresh.notices("7", "one")
        assert fresh.ok("POST", READ, {"type": "user", "id": 7})["updated"] == 1

    def test_other_users_keep_theirs(self, fresh: Neptune) -> None:
        fresh.user("a")
        fresh.user("ab")
        fresh.notices("ab", "one")
        assert fresh.ok("POST", READ, {"type": "user", "id": "a"})["updated"] == 0
        assert fresh.ok("GET", "/app_notifications/{env}?user_id=ab")["meta"]["unread"] == 1

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_at_the_same_time_each_counts_once(self, inbox: Inbox) -> None:
        body = {"type": "user", "id": inbox.user}
        with ThreadPoolExecutor(4) as pool:
            updated = list(pool.map(lambda _: inbox.neptune.ok("POST", READ, body)["updated"], range(4)))
        assert sum(updated) == 3


class TestWhatMarkingRequires:
    @pytest.mark.parametrize("body", [{}, {"type": None, "id": None}, {"type": "", "id": ""}, b"[]"])
    def test_type_and_id_are_required(self, neptune: Neptune, body: Any) -> None:
        assert neptune.call("POST", READ, body) == missing("type", "id")

    @pytest.mark.parametrize("kind", ["users", "User", 1, True, ["user"]])
    def test_there_are_two_types(self, neptune: Neptune, kind: Any) -> None:
        assert neptune.call("POST", READ, {"type": kind, "id": "u"}) == not_valid("type")

    @pytest.mark.parametrize("value", [True, 1.5, ["u"], {"a": 1}])
    def test_an_id_is_text_or_an_integer(self, neptune: Neptune, value: Any) -> None:
        assert neptune.call("POST", READ, {"type": "user", "id": value}) == not_valid("id")

    @pytest.mark.parametrize("kind", ["user", "notification"])
    def test_an_id_is_required_for_both(self, neptune: Neptune, kind: str) -> None:
        assert neptune.call("POST", READ, {"type": kind}) == missing("id")


@pytest.mark.parametrize("odd", ["{} ", " {}", "\t{}", "{}\u200b"])
def test_an_id_with_blanks_around_it_has_an_inbox_of_its_own(neptune: Neptune, odd: str) -> None:
    plain = unique()
    user = odd.format(plain)
    (notice,) = neptune.notices(user, "for nobody else")
    listed = neptune.ok("GET", f"/app_notifications/{{env}}?user_id={segment(user)}")["data"]
    assert [(each["uuid"], each["user_id"]) for each in listed] == [(notice, user)]
    assert neptune.ok("GET", f"/app_notifications/{{env}}?user_id={plain}")["data"] == []
    assert neptune.ok("POST", READ, {"type": "user", "id": user})["updated"] == 1
