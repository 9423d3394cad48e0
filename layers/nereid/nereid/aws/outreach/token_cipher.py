"""Encrypts tokens of mailboxes with a KMS key that only this stack's functions may use."""

from collections.abc import Sequence

from nereid.aws.clients import Clients
from nereid.aws.errors import translated
from nereid.errors import Invalid, Unavailable

#: Most bytes that KMS encrypts at once.
_PART_BYTES = 4096


class KmsTokenCipher:
    """Implements `nereid.ports.outreach.TokenCipher`.

    The encrypted token is bound to team, mailbox and position: moved to another item, it cannot be decrypted.

    Parameters
    ----------
    key_id
        Empty if the stack has no such key: what was encrypted when it had one cannot be opened then.
    """

    def __init__(self, clients: Clients, key_id: str) -> None:
        self._clients = clients
        self._key_id = key_id

    def seal(self, team_id: str, email: str, token: str) -> list[bytes]:
        if not self._key_id:
            raise Invalid({"provider": "the stack connects no mailboxes"})
        raw = token.encode()
        parts = [raw[first : first + _PART_BYTES] for first in range(0, len(raw), _PART_BYTES)]
        with translated():
            return [
                self._clients.kms.encrypt(
                    KeyId=self._key_id,
                    Plaintext=part,
                    EncryptionContext=_context(team_id, email, number, len(parts)),
                )["CiphertextBlob"]
                for number, part in enumerate(parts, start=1)
            ]

    def open(self, team_id: str, email: str, parts: Sequence[bytes]) -> str:
        if not self._key_id:
            raise Unavailable("the stack has no key of connected mailboxes")
        with translated():
            raw = [
                self._clients.kms.decrypt(
                    KeyId=self._key_id,
                    CiphertextBlob=part,
                    EncryptionContext=_context(team_id, email, number, len(parts)),
                )["Plaintext"]
                for number, part in enumerate(parts, start=1)
            ]
        return b"".join(raw).decode()


def _context(team_id: str, email: str, number: int, parts: int) -> dict[str, str]:
    return {"team_id": team_id, "email": email, "part": f"{number}/{parts}"}
