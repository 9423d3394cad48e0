"""Links that say nothing to those who see them: what they carry is encrypted and authenticated.

A link is ``KID.DATA``. Its data are encrypted as in SIV (RFC 5297), with HMAC-SHA256 for both of its parts: the tag is
the HMAC of the text, and the text is combined with a stream that the tag starts. So a link that was changed is none;
the same text gives the same link; docs/adr/0029-keys-of-links-and-tokens.md says why.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Any

from nereid import jsontext
from nereid.auth import keys
from nereid.errors import Unauthenticated

_TAG_BYTES = 16
_BLOCK_BYTES = 32


def seal(secret: str, purpose: str, claims: dict[str, Any], now: datetime) -> str:
    """Return a link's token.

    Parameters
    ----------
    secret
        The text of the secret, which may have several keys.
    purpose
        Keeps the kinds of links apart.
    """
    key = keys.parse(secret).signing(now)
    text = jsontext.dumps(claims).encode()
    tag = _tag(key.key, purpose, text)
    data = base64.urlsafe_b64encode(tag + _combined(key.key, purpose, tag, text)).rstrip(b"=").decode()
    return f"{key.kid}.{data}"


def unseal(secret: str, purpose: str, token: str, now: datetime) -> dict[str, Any]:
    """Return what a link's token carries; `Unauthenticated` if it is none of ours."""
    kid, _, data = token.partition(".")
    key = keys.parse(secret).verifying(kid, now)
    if key is None:
        raise Unauthenticated("no such key")
    try:
        raw = base64.b64decode(data + "=" * (-len(data) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated("not a link of ours") from error
    tag, text = raw[:_TAG_BYTES], _combined(key, purpose, raw[:_TAG_BYTES], raw[_TAG_BYTES:])
    if not hmac.compare_digest(tag, _tag(key, purpose, text)):
        raise Unauthenticated("not a link of ours")
    claims: dict[str, Any] = jsontext.loads(text)
    return claims


def _subkey(key: str, purpose: str, use: str) -> bytes:
    return hmac.digest(key.encode(), f"nereid:{purpose}:{use}".encode(), hashlib.sha256)


def _tag(key: str, purpose: str, text: bytes) -> bytes:
    return hmac.digest(_subkey(key, purpose, "tag"), text, hashlib.sha256)[:_TAG_BYTES]


def _combined(key: str, purpose: str, tag: bytes, text: bytes) -> bytes:
    subkey = _subkey(key, purpose, "stream")
    blocks = range((len(text) + _BLOCK_BYTES - 1) // _BLOCK_BYTES)
    stream = b"".join(hmac.digest(subkey, tag + number.to_bytes(4), hashlib.sha256) for number in blocks)
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))
