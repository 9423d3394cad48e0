"""Tokens of mailboxes are encrypted with the stack's key, if it has one."""

from __future__ import annotations

import pytest

from nereid.aws.outreach.token_cipher import KmsTokenCipher
from nereid.errors import Invalid, Unavailable
from tests.support.cloud import Cloud, World


def cipher(cloud: Cloud, world: World, key: str | None = None) -> KmsTokenCipher:
    made = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"] if key is None else key
    return KmsTokenCipher(world.runtime.clients, made)


@pytest.mark.parametrize("size", [1, 4096, 4097], ids=["one", "a part", "two parts"])
def test_what_is_sealed_opens(cloud: Cloud, world: World, size: int) -> None:
    one = cipher(cloud, world)
    parts = one.seal(world.team_id, "a@example.com", "x" * size)
    assert one.open(world.team_id, "a@example.com", parts) == "x" * size


def test_without_a_key_no_mailbox_is_connected(cloud: Cloud, world: World) -> None:
    with pytest.raises(Invalid) as caught:
        cipher(cloud, world, "").seal(world.team_id, "a@example.com", "x")
    assert caught.value.problems == {"provider": "the stack connects no mailboxes"}


def test_without_a_key_a_connected_mailbox_waits_for_one(cloud: Cloud, world: World) -> None:
    parts = cipher(cloud, world).seal(world.team_id, "a@example.com", "x")
    with pytest.raises(Unavailable):
        cipher(cloud, world, "").open(world.team_id, "a@example.com", parts)
