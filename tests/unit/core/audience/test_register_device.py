"""What a registration changes of the user who has the device from then on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.audience.register_device import Devices, _keeping_token, _match, _replacing, _with_token
from nereid.core.audience.users import new_user
from nereid.models.user import MAX_CONTACT_INFOS, MAX_DEVICES, ContactInfo, Device, User
from nereid.ports.audience import DeviceChange

BEFORE = datetime(2026, 1, 31, tzinfo=UTC)
NOW = BEFORE + timedelta(days=1)


def device(device_id: str = "d", token: str | None = "new", at: datetime = NOW) -> Device:  # noqa: S107 - of a test
    return Device(
        device_id=device_id,
        token=token,
        os="iOS",
        model="m",
        app_build="1",
        app_version="1",
        created_at=at,
        updated_at=at,
    )


def contact(value: str) -> ContactInfo:
    return ContactInfo(type="firebase_token", value=value, origin="api", created_at=BEFORE, updated_at=BEFORE)


def user(*tokens: str) -> User:
    return new_user("u", BEFORE, {}).model_copy(update={"contact_infos": [contact(token) for token in tokens]})


def with_token(one: User, known: Device | None = None, *others: Device, given: Device | None = None) -> DeviceChange:
    devices = [*([known] if known else []), *others]
    return _with_token(one, given or device(), known, devices, [], verified=True, may_take=True)


def many(number: int) -> list[str]:
    return [f"t{each}" for each in range(number)]


def test_a_new_token_is_a_contact_info() -> None:
    change = with_token(user())
    [made] = change.contacts
    assert (made.value, made.filterable, made.origin) == ("new", "iOS", "device")
    assert (made.created_at, made.updated_at) == (NOW, NOW)
    assert (list(change.devices), list(change.removed_contacts), list(change.removed_devices)) == ([device()], [], [])


def test_a_token_that_is_known_is_changed_and_may_be_revived_again() -> None:
    known = contact("new").model_copy(update={"revived_at": BEFORE})
    [made] = with_token(user().model_copy(update={"contact_infos": [known]})).contacts
    assert (made.created_at, made.updated_at, made.revived_at, made.filterable) == (BEFORE, NOW, None, "iOS")


def test_the_last_contact_info_that_fits_is_added_and_no_more() -> None:
    assert with_token(user(*many(MAX_CONTACT_INFOS - 1))).contacts != []
    dropped = with_token(user(*many(MAX_CONTACT_INFOS)))
    assert (list(dropped.contacts), dropped.devices) == ([], [device()])
    # A token that is there, or that takes the place of one, is not one more.
    assert with_token(user(*many(MAX_CONTACT_INFOS - 1), "new")).contacts != []
    change = with_token(user(*many(MAX_CONTACT_INFOS)), device(token="t0", at=BEFORE))
    assert [each.value for each in change.contacts] == ["new"]
    assert [each.value for each in change.removed_contacts] == ["t0"]


def test_a_token_that_another_device_has_as_well_is_kept() -> None:
    known = device(token="t0", at=BEFORE)
    assert with_token(user("t0"), known, device("other", "t0")).removed_contacts == []
    assert [each.value for each in with_token(user("t0"), known, device("other", "t1")).removed_contacts] == ["t0"]
    assert with_token(user("new"), device(at=BEFORE)).removed_contacts == []
    assert with_token(user("t0"), device(token=None)).removed_contacts == []
    assert with_token(user(), known).removed_contacts == []


def test_another_device_with_the_token_loses_it() -> None:
    change = with_token(user(), None, device("other"), device("third", "t0"))
    assert [(each.device_id, each.token) for each in change.devices] == [("d", "new"), ("other", None)]


def test_a_device_is_known_by_its_id_or_else_by_its_token() -> None:
    same, by_token = device(token="x"), device("other")
    assert _match([by_token, same], device()) is same
    assert _match([by_token], device()) is by_token
    assert _match([device("other", None)], device(token=None)) is None
    assert _match([device("other", "x")], device()) is None


def test_a_device_that_was_renamed_replaces_the_other() -> None:
    other = device("other")
    assert _replacing(user(), device(), other).removed_devices == [other]
    assert _replacing(user(), device(), device(at=BEFORE)).removed_devices == []
    assert _replacing(user(), device(), None).removed_devices == []


def test_a_device_without_a_token_keeps_the_one_that_it_has() -> None:
    change = _keeping_token(user("t0"), device(token=None), device(token="t0", at=BEFORE))
    assert [each.token for each in change.devices] == ["t0"]
    assert [(each.value, each.updated_at, each.filterable) for each in change.contacts] == [("t0", NOW, "iOS")]
    assert _keeping_token(user(), device(token=None), device(token="t0", at=BEFORE)).contacts == []
    for known in (None, device(token=None)):
        change = _keeping_token(user("t0"), device(token=None), known)
        assert ([each.token for each in change.devices], list(change.contacts)) == ([None], [])


@pytest.mark.parametrize(
    ("tokens", "token", "saved", "gone"),
    [
        ([None] * (MAX_DEVICES - 1), "new", True, []),
        ([None] * MAX_DEVICES, "new", True, ["d0"]),
        ([None] * MAX_DEVICES, None, True, ["d0"]),
        (["t0", None, *many(MAX_DEVICES)[2:]], "new", True, ["d1"]),
        (many(MAX_DEVICES), "new", True, ["d0"]),
        (many(MAX_DEVICES), None, False, []),
    ],
)
def test_a_user_has_so_many_devices_and_no_more(
    tokens: list[str | None],
    token: str | None,
    saved: bool,  # noqa: FBT001
    gone: list[str],
) -> None:
    class Store:
        """Has devices of the user, and notes what is saved."""

        def __init__(self) -> None:
            self.saved: list[DeviceChange] = []

        def devices(self, *_: object) -> list[Device]:
            return [device(f"d{number}", each) for number, each in enumerate(tokens)]

        def holding(self, *_: object) -> list[str]:
            return []

        def last_registration(self, *_: object) -> None: ...

        def save(self, _: object, changes: list[DeviceChange], *_others: object) -> None:
            self.saved += changes

        save_with_token = save

    class Identities:
        """Tells the time."""

        clock = type("Clock", (), {"now": lambda _: NOW})()

    store: Any = Store()
    identities: Any = Identities()
    scope: Any = ("t", "dev")
    one = user(*(each for each in tokens if each))
    Devices(store, identities)._register(scope, one, device(token=token), verified=True, may_take=True)
    assert len(store.saved) == saved
    removed = [each for change in store.saved for each in change.removed_devices]
    assert [each.device_id for each in removed] == gone
    contacts = [each.value for change in store.saved for each in change.removed_contacts]
    assert contacts == [each.token for each in removed if each.token]
