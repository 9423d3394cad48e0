"""JWTs: tokens of the API and of accounts, and the links of mails of former versions.

Signed with HS256 and a key of a secret, which `kid` names; `aud` keeps the kinds apart.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import jwt

from nereid.auth import keys
from nereid.errors import ExpiredToken, Unauthenticated

Audience = Literal["nereid:api_token", "nereid:account", "nereid:unsubscribe"]
_ALGORITHM = "HS256"
#: How far the clocks of two functions may differ.
_SKEW_SECONDS = 60


def sign(secret: str, audience: Audience, claims: dict[str, Any]) -> str:
    """Return a signed token of the given kind.

    Parameters
    ----------
    secret
        The text of the secret, which may have several keys.
    claims
        The token's claims; `exp` and `iat` as datetimes if it has them.
    """
    key = keys.parse(secret).signing(claims.get("iat"))
    return jwt.encode({**claims, "aud": audience}, key.key, algorithm=_ALGORITHM, headers={"kid": key.kid})


def verify(
    secret: str, audience: Audience | Sequence[Audience], token: str, now: datetime, *, expires: bool = True
) -> dict[str, Any]:
    """Return a token's claims, after checking its signature, kind (one of those given) and time.

    The name of the key that signed it is among them, as `kid`.

    Raises
    ------
    ExpiredToken
        If the token is genuine and its time is over.
    Unauthenticated
        If it is anything but a genuine token of this kind.
    """
    required = ["aud", "exp", "iat"] if expires else ["aud"]
    try:
        kid = keys.kid_of(jwt.get_unverified_header(token))
        key = keys.parse(secret).verifying(kid, now)
        if key is None:
            raise Unauthenticated("no such key")
        # The times are compared below, with the given clock instead of the library's.
        options = {"require": required, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=audience,
            options=options,  # type: ignore[arg-type]
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("not a token of ours") from error
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in times.values()):
        raise Unauthenticated("times are not numbers")
    if "exp" in times and times["exp"] <= now.timestamp():
        raise ExpiredToken("the token has expired")
    if any(times.get(name, 0) > now.timestamp() + _SKEW_SECONDS for name in ("iat", "nbf")):
        raise Unauthenticated("the token is from the future")
    return {**claims, "kid": kid}
