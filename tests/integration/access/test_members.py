"""Members who are removed: nothing of theirs opens anything, whatever fails meanwhile."""

from __future__ import annotations

import uuid
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.access.accounts import NewAccount
from nereid.errors import NotFound, Unauthenticated, Unavailable
from nereid.models.account import LoggedIn
from tests.support.cloud import Cloud
from tests.support.neptie import Team

PASSWORD = "correct horse"


def test_a_removal_that_was_interrupted_ends_what_began_meanwhile_when_it_is_repeated(cloud: Cloud) -> None:
    runtime = Team(cloud).runtime
    accounts, members = runtime.accounts, runtime.members
    owner = accounts.register(NewAccount(f"{uuid.uuid4().hex}@example.com", PASSWORD, "Sam"), str(uuid.uuid4()))
    team_id, email = owner.account.team_id, f"{uuid.uuid4().hex}@example.com"
    _, given = accounts.add_member(team_id, "dev", email, None, "User", "here")
    accounts.log_in(email, given, "here", new_password=PASSWORD)
    begun: list[LoggedIn] = []

    def end_all(address: str) -> None:
        if begun:
            raise Unavailable("x")
        begun.append(accounts.log_in(address, PASSWORD, "here"))

    interrupted: Any = SimpleNamespace(end_all=end_all)
    with pytest.raises(Unavailable):
        replace(members, sessions=interrupted).remove(team_id, email)
    assert runtime.credentials.team_token(begun[0].token).team_id == team_id
    with pytest.raises(NotFound):
        members.remove(team_id, email.upper())
    with pytest.raises(Unauthenticated):
        runtime.credentials.team_token(begun[0].token)
