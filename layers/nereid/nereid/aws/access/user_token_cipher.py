"""Encrypts the secrets that sign user tokens with a KMS key that only this stack's functions may use."""

import base64

from nereid.aws.clients import Clients
from nereid.aws.errors import translated
from nereid.errors import Invalid, Unavailable
from nereid.models.team import Scope


class KmsUserTokenCipher:
    """Implements `nereid.ports.access.UserTokenCipher`.

    What is encrypted is bound to its team, environment and key: in the record of another key, it cannot be decrypted.

    Parameters
    ----------
    key_id
        Empty if the stack has no such key: what was encrypted when it had one cannot be opened then.
    """

    def __init__(self, clients: Clients, key_id: str) -> None:
        self._clients = clients
        self._key_id = key_id

    def seal(self, scope: Scope, key_id: str, secret: str) -> str:
        if not self._key_id:
            raise Invalid({"scope": "the stack takes no user tokens"})
        with translated():
            sealed = self._clients.kms.encrypt(
                KeyId=self._key_id, Plaintext=secret.encode(), EncryptionContext=_context(scope, key_id)
            )
        return base64.b64encode(sealed["CiphertextBlob"]).decode()

    def open(self, scope: Scope, key_id: str, sealed: str) -> str:
        if not self._key_id:
            raise Unavailable("the stack has no key of user tokens")
        with translated():
            opened = self._clients.kms.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=base64.b64decode(sealed),
                EncryptionContext=_context(scope, key_id),
            )
        plain: bytes = opened["Plaintext"]
        return plain.decode()


def _context(scope: Scope, key_id: str) -> dict[str, str]:
    return {"team_id": scope.team_id, "environment": scope.environment, "key_id": key_id}
