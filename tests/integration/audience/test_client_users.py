"""What identify, alias, devices and events make of users."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.aws.audience.users import _count_key, _shard, link_key, user_key
from nereid.core.audience.contact_infos import add_contact_info, put_contact_info
from nereid.core.audience.users import create_or_update_user, update_user
from nereid.core.messaging.app_notifications import list_unread, read_one, read_own
from nereid.errors import Conflict, NotFound, Unavailable
from nereid.models.operation import Traits
from nereid.models.user import MAX_CONTACT_INFOS, MAX_DEVICES
from tests.integration.audience import client_world as worlds
from tests.integration.audience.client_world import SCOPE, World, alias, device, event, identify, who


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.world() as one:
        one.notify()
        yield one


@pytest.fixture
def world_in_memory() -> Iterator[World]:
    with worlds.world(in_memory=True) as one:
        one.notify()
        yield one


def counted_on(user_id: str) -> str:
    """Return the partition of the count that a user is in."""
    return _count_key(SCOPE, _shard(user_id))[0]


def meta(world: World, user_id: str) -> dict[str, Any]:
    user = world.user(user_id)
    assert user is not None
    return user.meta


def contacts(world: World, user_id: str) -> set[tuple[str, str]]:
    return set(world.contacts(user_id))


class TestIdentify:
    def test_an_unknown_user_is_made(self, world: World) -> None:
        world.do(identify(who(None, "u"), timezone="Europe/Rome", locale="it", data={"a": 1}))
        user = world.user("u")
        assert user is not None
        assert (user.meta, user.timezone, user.locale) == ({"a": 1}, "Europe/Rome", "it")

    def test_an_anonymous_id_alone_makes_a_profile(self, world: World) -> None:
        world.do(identify(who("a"), data={"a": 1}))
        assert meta(world, "anon:a") == {"a": 1}

    def test_data_is_merged_shallowly_and_null_is_a_value(self, world: World) -> None:
        world.do(identify(who(None, "u"), data={"kept": 1, "gone": 2, "nested": {"a": 1, "b": 2}}))
        world.do(identify(who(None, "u"), data={"gone": None, "nested": {"a": 3}}))
        assert meta(world, "u") == {"kept": 1, "gone": None, "nested": {"a": 3}}

    def test_a_null_of_identify_survives_a_change_by_another_api(self, world: World) -> None:
        world.do(identify(who(None, "u"), data={"null": None, "other": 1}))
        update_user(world.users, world.clock, SCOPE, "u", {"other": None, "new": 1})
        assert meta(world, "u") == {"null": None, "new": 1}

    @pytest.mark.parametrize("data", [None, {}])
    def test_no_data_changes_none(self, world: World, data: dict[str, Any] | None) -> None:
        world.do(identify(who(None, "u"), data={"a": 1}), identify(who(None, "u"), data=data))
        assert meta(world, "u") == {"a": 1}

    def test_data_that_does_not_fit_is_dropped_and_the_rest_applies(self, world: World) -> None:
        world.do(identify(who(None, "u"), data={"a": "x" * 40000}))
        world.do(identify(who(None, "u"), data={"b": "x" * 40000}, locale="it"))
        user = world.user("u")
        assert user is not None
        assert (list(user.meta), user.locale) == (["a"], "it")

    def test_null_clears_the_time_zone_and_absence_leaves_the_locale(self, world: World) -> None:
        world.do(identify(who(None, "u"), timezone="Europe/Rome", locale="it"))
        world.do(identify(who(None, "u"), timezone=None))
        user = world.user("u")
        assert user is not None
        assert (user.timezone, user.locale) == (None, "it")

    def test_email_and_phone_become_contact_infos(self, world: World) -> None:
        world.do(identify(who(None, "u"), email="a@example.com", phone="+123"))
        assert contacts(world, "u") == {("email", "a@example.com"), ("mobile_number", "+123")}

    def test_a_new_email_replaces_the_one_of_identify_and_no_other(self, world: World) -> None:
        create_or_update_user(world.users, world.clock, SCOPE, "u", {})
        add_contact_info(world.users, world.clock, SCOPE, "u", "email", "own@example.com", None, {})
        world.do(identify(who(None, "u"), email="a@example.com"), identify(who(None, "u"), email="b@example.com"))
        assert contacts(world, "u") == {("email", "own@example.com"), ("email", "b@example.com")}

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_null_and_empty_remove_the_email_of_identify(self, world: World, nothing: str | None) -> None:
        world.do(identify(who(None, "u"), email="a@example.com", phone="+1"), identify(who(None, "u"), email=nothing))
        assert contacts(world, "u") == {("mobile_number", "+1")}

    def test_an_email_that_is_there_already_is_neither_doubled_nor_owned(self, world: World) -> None:
        create_or_update_user(world.users, world.clock, SCOPE, "u", {})
        add_contact_info(world.users, world.clock, SCOPE, "u", "email", "Own@example.com", "work", {})
        world.do(identify(who(None, "u"), email="own@example.com"), identify(who(None, "u"), email=None))
        [contact] = world.contacts("u").values()
        assert (contact.value, contact.filterable) == ("Own@example.com", "work")

    def test_the_same_again_changes_only_updated_at(self, world: World) -> None:
        said = identify(who("a", "u"), email="a@example.com", phone="+1", timezone="Europe/Rome", data={"a": 1})
        world.do(said)
        before = world.user("u")
        world.do(said)
        after = world.user("u")
        assert before is not None
        assert after is not None
        same = {"updated_at": before.updated_at, "version": before.version}
        assert after.model_copy(update=same) == before
        assert after.updated_at > before.updated_at

    def test_both_ids_link_an_unknown_anonymous_id(self, world: World) -> None:
        world.do(identify(who("a", "u")), identify(who("a"), data={"a": 1}))
        assert world.user_ids() == {"u"}
        assert meta(world, "u") == {"a": 1}

    def test_both_ids_are_the_alias_of_a_profile(self, world: World) -> None:
        world.do(identify(who("a"), data={"a": 1}), identify(who("a", "u"), data={"u": 1}))
        assert world.user("anon:a") is None
        assert meta(world, "u") == {"a": 1, "u": 1}

    def test_both_ids_of_two_people_change_the_external_one(self, world: World) -> None:
        world.do(alias("a", "u"), identify(who("a", "v"), data={"v": 1}))
        assert meta(world, "u") == {}
        assert meta(world, "v") == {"v": 1}

    def test_a_user_with_as_many_contact_infos_as_possible_gets_no_more(self, world_in_memory: World) -> None:
        world = world_in_memory
        create_or_update_user(world.users, world.clock, SCOPE, "u", {})
        for number in range(MAX_CONTACT_INFOS):
            add_contact_info(world.users, world.clock, SCOPE, "u", "mobile_number", f"+49{number:04}", None, {})
        world.do(identify(who(None, "u"), email="a@example.com", data={"a": 1}))
        assert len(contacts(world, "u")) == MAX_CONTACT_INFOS
        assert meta(world, "u") == {"a": 1}


class TestAlias:
    def test_both_known_are_merged_and_the_external_users_values_stay(self, world: World) -> None:
        world.do(
            identify(who("a"), email="a@example.com", data={"same": "a", "a": 1}, timezone="Europe/Rome", locale="it"),
            device(who("a"), "d1", "t1"),
            device(who("a"), "d2", "t2", model_year=1),
            identify(who(None, "u"), phone="+1", data={"same": "u"}, timezone="Europe/Paris"),
            device(who(None, "u"), "d2", "t3", model_year=2),
            alias("a", "u"),
        )
        user = world.user("u")
        assert user is not None
        assert (user.meta, user.timezone, user.locale) == ({"same": "u", "a": 1}, "Europe/Paris", "it")
        tokens = {("firebase_token", token) for token in ("t1", "t2", "t3")}
        assert contacts(world, "u") == {("email", "a@example.com"), ("mobile_number", "+1")} | tokens
        assert {name: each.token for name, each in world.devices("u").items()} == {"d1": "t1", "d2": "t3"}
        assert world.user_ids() == {"u"}
        assert world.items(user_key(SCOPE, "anon:a")) == []

    def test_a_contact_info_of_both_stays_as_the_external_user_has_it(self, world: World) -> None:
        world.do(identify(who("a"), email="A@example.com"), identify(who(None, "u")))
        add_contact_info(world.users, world.clock, SCOPE, "u", "email", "a@example.com", "own", {"m": 1})
        world.do(alias("a", "u"))
        [contact] = world.contacts("u").values()
        assert (contact.value, contact.filterable, contact.meta) == ("a@example.com", "own", {"m": 1})
        assert [owner.user_id for owner, _ in world.users.holders(SCOPE, "email", "a@example.com")] == ["u"]

    def test_two_emails_of_identify_are_both_kept_and_one_is_identifys(self, world: World) -> None:
        world.do(
            identify(who("a"), email="a@example.com"),
            identify(who(None, "u"), email="u@example.com"),
            alias("a", "u"),
            identify(who("a"), email="new@example.com"),
        )
        assert contacts(world, "u") == {("email", "a@example.com"), ("email", "new@example.com")}

    def test_a_profile_becomes_an_unknown_user(self, world: World) -> None:
        world.do(identify(who("a"), email="a@example.com", data={"a": 1}), device(who("a"), "d", "t"))
        profile = world.user("anon:a")
        world.do(alias("a", "u"))
        user = world.user("u")
        assert profile is not None
        assert user is not None
        assert user.created_at == profile.created_at
        assert user.updated_at == profile.updated_at
        assert user.meta == {"a": 1}
        assert contacts(world, "u") == {("email", "a@example.com"), ("firebase_token", "t")}
        assert world.user_ids() == {"u"}

    @pytest.mark.parametrize("is_same", [True, False])
    def test_a_profile_that_becomes_a_user_is_counted_as_the_user(self, world: World, is_same: bool) -> None:  # noqa: FBT001 - a parameter
        # Users are counted on several items, of which a transaction names each once.
        ids = map(str, range(200))
        external_id = next(each for each in ids if (counted_on(each) == counted_on("anon:a")) == is_same)
        world.do(identify(who("a")), alias("a", external_id))
        assert world.user_ids() == {external_id}
        counts = {name: world.items(counted_on(name))[0]["how_many"] for name in (external_id, "anon:a")}
        assert counts == ({external_id: 1, "anon:a": 1} if is_same else {external_id: 1, "anon:a": 0})

    @pytest.mark.parametrize("known", [True, False])
    def test_an_unknown_anonymous_id_is_linked(self, world: World, known: bool) -> None:  # noqa: FBT001 - a parameter
        if known:
            world.do(identify(who(None, "u"), data={"u": 1}))
        world.do(alias("a", "u"), identify(who("a"), data={"a": 1}))
        assert meta(world, "u") == ({"u": 1, "a": 1} if known else {"a": 1})
        assert world.user_ids() == {"u"}

    def test_it_works_once(self, world: World) -> None:
        world.do(identify(who("a"), data={"a": 1}), alias("a", "u"), alias("a", "v"), alias("a", "u"))
        assert world.user_ids() == {"u"}

    def test_two_people_are_never_merged(self, world: World) -> None:
        world.do(identify(who(None, "u"), data={"u": 1}), identify(who(None, "v"), data={"v": 1}))
        world.do(alias("a", "u"), alias("a", "v"), identify(who("a", "v")), device(who("a", "v"), "d", "t"))
        assert meta(world, "u") == {"u": 1}
        assert meta(world, "v") == {"v": 1}

    def test_several_anonymous_ids_reach_one_user(self, world: World) -> None:
        world.do(identify(who("a"), data={"a": 1}), identify(who("b"), data={"b": 1}), alias("a", "u"), alias("b", "u"))
        assert meta(world, "u") == {"a": 1, "b": 1}

    def test_a_profile_is_not_merged_into_another(self, world: World) -> None:
        world.do(identify(who("a"), data={"a": 1}), identify(who("b"), data={"b": 1}), alias("a", "anon:b"))
        assert world.user_ids() == {"anon:a", "anon:b"}

    def test_an_external_id_in_the_form_of_a_profile_names_that_profile(self, world: World) -> None:
        world.do(identify(who("a"), data={"a": 1}), alias("a", "u"), identify(who(None, "anon:a"), data={"b": 1}))
        assert meta(world, "u") == {"a": 1, "b": 1}

    def test_a_user_that_another_api_made_under_the_profiles_id_is_the_profile(self, world: World) -> None:
        create_or_update_user(world.users, world.clock, SCOPE, "anon:a", {"n": 1})
        world.do(identify(who("a"), data={"a": 1}), alias("a", "u"))
        assert meta(world, "u") == {"n": 1, "a": 1}
        assert world.user_ids() == {"u"}

    def test_data_that_does_not_fit_beside_the_external_users_is_left_out(self, world: World) -> None:
        world.do(identify(who("a"), data={"large": "x" * 40000, "small": 1}))
        world.do(identify(who(None, "u"), data={"own": "x" * 40000}), alias("a", "u"))
        assert set(meta(world, "u")) == {"own", "small"}

    def test_messages_and_deliveries_keep_their_user(self, world: World) -> None:
        world.do(event(who("a"), "m"), alias("a", "u"))
        stored = world.messages.get(SCOPE, "m")
        assert stored is not None
        assert stored[0].user_id == "anon:a"

    def test_an_email_of_256_wide_characters_long_id_can_be_found(self, world: World) -> None:
        anonymous_id = "\N{GRINNING FACE}" * 256
        world.do(identify(who(anonymous_id), email="a@example.com"), alias(anonymous_id, "u"))
        assert [owner.user_id for owner, _ in world.users.holders(SCOPE, "email", "a@example.com")] == ["u"]


class TestAppNotifications:
    def uuid(self, world: World, user_id: str) -> str:
        [notification] = world.notifications(user_id)
        return notification.uuid

    def test_they_move_with_the_profile(self, world: World) -> None:
        world.do(event(who("a"), "m", title="T", body="B"), identify(who(None, "u")), alias("a", "u"))
        [notification] = world.notifications("u")
        assert (notification.user_id, notification.title, notification.body) == ("u", "T", "B")
        assert world.inbox.page(SCOPE, "u", "unread", 1, 10, oldest_first=False).unread == 1

    def test_one_that_was_read_stays_read(self, world: World) -> None:
        world.do(event(who("a"), "m"))
        read_own(
            world.inbox, world.deliveries, world.identities, world.clock, SCOPE, who("a"), self.uuid(world, "anon:a")
        )
        world.do(alias("a", "u"))
        assert world.inbox.page(SCOPE, "u", "unread", 1, 10, oldest_first=False).unread == 0
        assert len(world.notifications("u")) == 1

    @pytest.mark.parametrize("whom", [who("a"), who(None, "u"), who("a", "u")])
    def test_one_that_moved_is_read_by_its_id(self, world: World, whom: Any) -> None:
        world.do(event(who("a"), "m"), alias("a", "u"))
        uuid = self.uuid(world, "u")
        read_own(world.inbox, world.deliveries, world.identities, world.clock, SCOPE, whom, uuid)
        assert world.inbox.page(SCOPE, "u", "unread", 1, 10, oldest_first=False).unread == 0

    def test_another_api_reads_one_that_moved_by_its_id(self, world: World) -> None:
        world.do(event(who("a"), "m"), alias("a", "u"))
        uuid = self.uuid(world, "u")
        assert read_one(world.inbox, world.deliveries, world.identities, world.clock, SCOPE, uuid) == 1
        assert read_one(world.inbox, world.deliveries, world.identities, world.clock, SCOPE, uuid) == 0

    def test_nobody_reads_anothers(self, world: World) -> None:
        world.do(event(who(None, "u"), "m"), identify(who("a")))
        uuid = self.uuid(world, "u")
        for whom in (who("a"), who(None, "v"), who("a", "v")):
            read_own(world.inbox, world.deliveries, world.identities, world.clock, SCOPE, whom, uuid)
        assert world.inbox.page(SCOPE, "u", "unread", 1, 10, oldest_first=False).unread == 1

    @pytest.mark.parametrize("uuid", ["unknown", "x" * 3000])
    def test_an_unknown_one_is_no_error(self, world: World, uuid: str) -> None:
        world.do(identify(who(None, "u")))
        read_own(world.inbox, world.deliveries, world.identities, world.clock, SCOPE, who(None, "u"), uuid)

    def test_one_that_was_planned_for_the_profile_reaches_the_user(self, world: World) -> None:
        world.do(event(who("a"), "m"))
        [notification] = world.notifications("anon:a")
        world.do(alias("a", "u"))
        later = notification.model_copy(update={"uuid": "191df352-5eb6-4e92-a0a2-912a485eb7c7"})
        with pytest.raises(NotFound):
            world.inbox.put(SCOPE, later)
        assert world.identities.successor(SCOPE, "anon:a") == "u"

    def test_the_unread_are_listed_by_page_newest_first(self, world: World) -> None:
        for number in range(5):
            world.do(event(who("a"), f"m{number}", title=str(number)))
        world.do(alias("a", "u"))
        seen: list[str] = []
        position = None
        for _ in range(3):
            found, position = list_unread(world.inbox, world.identities, SCOPE, who("a"), position, 2)
            seen += [each.title for each in found]
        assert seen == ["4", "3", "2", "1", "0"]
        assert position is None

    def test_a_full_last_page_has_no_next(self, world: World) -> None:
        world.do(event(who("a"), "m1"), event(who("a"), "m2"))
        found, position = list_unread(world.inbox, world.identities, SCOPE, who("a"), None, 2)
        assert (len(found), position) == (2, None)

    def test_an_unknown_user_has_no_list(self, world: World) -> None:
        with pytest.raises(NotFound):
            list_unread(world.inbox, world.identities, SCOPE, who("a"), None, 2)


class TestDevices:
    def test_a_token_becomes_a_contact_info_with_the_os_as_filterable(self, world: World) -> None:
        world.do(device(who("a"), "d", "t", sdk_version=3))
        [contact] = world.contacts("anon:a").values()
        assert (contact.type, contact.value, contact.filterable) == ("firebase_token", "t", "iOS 16.3")
        assert world.devices("anon:a")["d"].extra == {"sdk_version": 3}

    def test_a_device_without_a_token_is_kept(self, world: World) -> None:
        world.do(device(who(None, "u"), "d"))
        assert set(world.devices("u")) == {"d"}
        assert contacts(world, "u") == set()

    def test_a_new_token_replaces_the_old_one(self, world: World) -> None:
        world.do(device(who(None, "u"), "d", "t1"), device(who(None, "u"), "d", "t2"))
        assert contacts(world, "u") == {("firebase_token", "t2")}

    def test_no_token_keeps_the_last_one(self, world: World) -> None:
        world.do(device(who(None, "u"), "d", "t1"), device(who(None, "u"), "d", None, os="iOS 17.0"))
        [contact] = world.contacts("u").values()
        assert (contact.value, contact.filterable) == ("t1", "iOS 17.0")
        assert world.devices("u")["d"].token == "t1"

    def test_no_token_does_not_bring_a_dropped_one_back(self, world: World) -> None:
        world.do(device(who(None, "u"), "d", "t1"))
        user = world.user("u")
        assert user is not None
        world.users.delete_contact_info(SCOPE, user, user.contact_infos[0])
        world.do(device(who(None, "u"), "d"))
        assert contacts(world, "u") == set()

    def test_the_same_token_is_the_same_device(self, world: World) -> None:
        world.do(device(who(None, "u"), "d1", "t"), device(who(None, "u"), "d2", "t"))
        assert set(world.devices("u")) == {"d2"}
        assert contacts(world, "u") == {("firebase_token", "t")}

    def test_a_token_moves_to_the_user_who_registers_it(self, world: World) -> None:
        world.do(device(who(None, "u"), "d1", "t"), device(who(None, "v"), "d2", "t"))
        assert contacts(world, "u") == set()
        assert contacts(world, "v") == {("firebase_token", "t")}
        assert [owner.user_id for owner, _ in world.users.holders(SCOPE, "firebase_token", "t")] == ["v"]
        world.do(device(who(None, "u"), "d1"))
        assert contacts(world, "u") == set()

    def test_a_token_that_another_api_added_moves_too(self, world: World) -> None:
        create_or_update_user(world.users, world.clock, SCOPE, "u", {})
        add_contact_info(world.users, world.clock, SCOPE, "u", "firebase_token", "t", None, {})
        world.do(device(who(None, "v"), "d", "t"))
        assert contacts(world, "u") == set()

    def test_a_token_that_another_device_of_the_user_had_is_that_ones_no_more(self, world: World) -> None:
        world.do(device(who(None, "u"), "d1", "t1"), device(who(None, "u"), "d2", "t2"))
        world.do(device(who(None, "u"), "d1", "t2"), device(who(None, "u"), "d2", "t3"))
        assert contacts(world, "u") == {("firebase_token", "t2"), ("firebase_token", "t3")}

    def test_registering_again_changes_nothing_and_lets_the_token_be_revived_again(self, world: World) -> None:
        world.do(device(who(None, "u"), "d", "t"))
        user = world.user("u")
        assert user is not None
        revived = user.contact_infos[0].model_copy(update={"revived_at": datetime(2026, 1, 1, tzinfo=UTC)})
        world.users.put_contact_info(SCOPE, user, revived, new=False)
        world.do(device(who(None, "u"), "d", "t"))
        [contact] = world.contacts("u").values()
        assert contact.revived_at is None
        assert contact.created_at == user.contact_infos[0].created_at
        assert set(world.devices("u")) == {"d"}

    def test_a_token_that_another_api_added_keeps_its_meta(self, world: World) -> None:
        create_or_update_user(world.users, world.clock, SCOPE, "u", {})
        put_contact_info(world.users, world.clock, SCOPE, "u", "firebase_token", "t", {"meta": {"m": 1}})
        world.do(device(who(None, "u"), "d", "t"))
        assert world.contacts("u")["firebase_token", "t"].meta == {"m": 1}

    def test_a_user_with_as_many_devices_as_possible_gets_no_more(self, world_in_memory: World) -> None:
        world = world_in_memory
        for number in range(MAX_DEVICES):
            world.do(device(who(None, "u"), f"d{number}"))
        world.do(device(who(None, "u"), "one more"), device(who(None, "u"), "d0", os="iOS 17.0"))
        assert len(world.devices("u")) == MAX_DEVICES
        assert world.devices("u")["d0"].os == "iOS 17.0"


class TestEvents:
    def test_an_event_makes_its_user_and_reaches_the_pipeline(self, world: World) -> None:
        world.do(event(who("a"), "m", title="T"))
        stored = world.messages.get(SCOPE, "m")
        assert stored is not None
        assert (stored[0].user_id, stored[0].source) == ("anon:a", "client")
        assert [each.title for each in world.notifications("anon:a")] == ["T"]

    def test_what_an_event_says_about_its_user_applies_first(self, world: World) -> None:
        world.do(event(who(None, "u"), "m", "Other", Traits(email="a@example.com", data={"a": 1})))
        assert contacts(world, "u") == {("email", "a@example.com")}
        assert meta(world, "u") == {"a": 1}

    def test_an_event_that_is_handed_over_again_counts_once(self, world: World) -> None:
        world.do(event(who("a"), "m"), alias("a", "u"), event(who("a"), "m"))
        assert len(world.notifications("u")) == 1

    def test_an_event_of_an_aliased_id_belongs_to_the_user(self, world: World) -> None:
        world.do(alias("a", "u"), event(who("a"), "m"))
        stored = world.messages.get(SCOPE, "m")
        assert stored is not None
        assert stored[0].user_id == "u"

    def test_an_operation_that_fails_does_not_keep_the_others_back(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create = world.users.create

        def failing(scope: Any, user: Any) -> None:
            if user.user_id == "bad":
                raise KeyError("a bug")
            create(scope, user)

        monkeypatch.setattr(world.users, "create", failing)
        with pytest.raises(KeyError):
            world.do(event(who(None, "bad"), "m1"), event(who(None, "u"), "m2"))
        assert world.messages.get(SCOPE, "m2") is not None

    def test_nothing_is_tried_while_a_store_is_away(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*_given: Any) -> None:
            raise Unavailable("away")

        monkeypatch.setattr(world.users, "get", away)
        world.calls.clear()
        with pytest.raises(Unavailable):
            world.do(event(who(None, "u"), "m1"), event(who(None, "u"), "m2"))
        assert not world.calls

    def test_a_known_users_event_costs_six_calls(self, world: World) -> None:
        world.do(event(who("a", "u"), "m1", "Other"))
        world.calls.clear()
        world.do(event(who("a", "u"), "m2", "Other"))
        assert dict(world.calls) == {"get_item": 3, "query": 1, "put_item": 2}


class TestDeletion:
    def test_it_takes_devices_and_links_along(self, world: World) -> None:
        world.do(alias("a", "u"), device(who("a"), "d", "t"), identify(who("a"), email="a@example.com"))
        world.users.delete(SCOPE, "u")
        assert world.items(user_key(SCOPE, "u")) == []
        assert world.items(link_key(SCOPE, "a")[0]) == []
        assert world.users.holders(SCOPE, "firebase_token", "t") == []
        assert world.user_ids() == set()

    def test_the_anonymous_id_is_unknown_afterwards(self, world: World) -> None:
        world.do(alias("a", "u"))
        world.users.delete(SCOPE, "u")
        world.do(identify(who("a")))
        assert world.user_ids() == {"anon:a"}

    def test_a_profile_can_be_deleted(self, world: World) -> None:
        world.do(identify(who("a"), email="a@example.com"))
        world.users.delete(SCOPE, "anon:a")
        assert world.items(link_key(SCOPE, "a")[0]) == []
        world.do(alias("a", "u"))
        assert world.user_ids() == {"u"}
        assert contacts(world, "u") == set()

    def test_it_takes_along_what_was_still_on_its_way(self, world: World) -> None:
        world.do(identify(who("a"), email="a@example.com"), event(who("a"), "m"))
        profile = world.user("anon:a")
        assert profile is not None
        user = profile.model_copy(update={"user_id": "u", "generation": "g", "version": 1})
        world.identities.store.absorb(SCOPE, "a", profile, user, is_new=True)
        world.users.delete(SCOPE, "u")
        assert world.items(user_key(SCOPE, "anon:a")) == []
        assert world.users.holders(SCOPE, "email", "a@example.com") == []

    def test_a_profile_that_changed_meanwhile_is_not_absorbed(self, world: World) -> None:
        world.do(identify(who("a")))
        profile = world.user("anon:a")
        assert profile is not None
        world.do(identify(who("a"), data={"a": 1}))
        with pytest.raises(Conflict):
            world.identities.store.absorb(SCOPE, "a", profile, profile.model_copy(update={"user_id": "u"}), is_new=True)


class TestEventsOfOneRequest:
    @pytest.fixture
    def greeting(self, world: World) -> World:
        """Return a world in which an event greets its user."""
        world.notify(title="{{ user.name }}")
        return world

    def test_their_user_is_read_once(self, world: World) -> None:
        world.do(event(who("a", "u"), "m1", "Other"))
        world.calls.clear()
        world.do(*(event(who("a", "u"), f"m{number}", "Other") for number in (2, 3, 4)))
        # An event type is not cached here.
        assert dict(world.calls) == {"get_item": 2 + 3, "query": 1, "put_item": 3 * 2}

    def test_each_reaches_its_own_user(self, world: World) -> None:
        world.do(*(event(who(None, name), f"m{name}", title=name) for name in ("u", "v")))
        assert [[each.title for each in world.notifications(name)] for name in ("u", "v")] == [["u"], ["v"]]

    def test_one_that_changes_its_user_and_those_after_it_see_the_change(self, greeting: World) -> None:
        whom = who(None, "u")
        greeting.do(event(whom, "m1"), event(whom, "m2", traits=Traits(data={"name": "Sam"})), event(whom, "m3"))
        assert sorted(each.title for each in greeting.notifications("u")) == ["", "Sam", "Sam"]

    def test_one_after_an_identify_sees_the_change(self, greeting: World) -> None:
        whom = who(None, "u")
        greeting.do(event(whom, "m1"), identify(whom, data={"name": "Sam"}), event(whom, "m2"))
        assert sorted(each.title for each in greeting.notifications("u")) == ["", "Sam"]

    def test_one_after_the_profile_became_a_user_is_that_users(self, world: World) -> None:
        world.do(event(who("a"), "m1"), event(who("a", "u"), "m2"), event(who("a"), "m3"))
        owners = [stored[0].user_id for name in ("m1", "m2", "m3") if (stored := world.messages.get(SCOPE, name))]
        assert owners == ["anon:a", "u", "u"]
