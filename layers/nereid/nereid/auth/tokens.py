"""JWTs: tokens of the API and of accounts, and the links of mails of former versions.

Signed with HS256 and a key of a secret, which `kid` names; `aud` keeps the kinds apart.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import jwt

from nereid.auth import keys
from nereid.errors import ExpiredToken, Unauthenticated

Audience = Literal["nereid:api_token", "nereid:account", "nereid:unsubscribe"]
_ALGORITHM = "HS256"
#: How far the clocks of two functions, or of a function and an app's server, may differ.
_SKEW_SECONDS = 60
#: How far ahead a user token may end.
LONGEST_USER_TOKEN = timedelta(hours=24)


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
    kid = _kid(token)
    key = keys.parse(secret).verifying(kid, now)
    if key is None:
        raise Unauthenticated("no such key")
    claims = _decoded(key, token, {"require": required}, audience)
    _check_times(claims, now)
    return {**claims, "kid": kid}


def verify_user_token(secret: str, token: str, now: datetime) -> dict[str, Any]:
    """Return the claims of a user token, which the server of an app has signed with a secret of its own.

    `sub`, a text, and `exp`, at most `LONGEST_USER_TOKEN` ahead, are there; `anonymous_id`, `email` and `phone` are
    texts if they are there. Whatever else the server wrote has no meaning.

    Raises
    ------
    ExpiredToken, Unauthenticated
        As :func:`verify`.
    """
    # What the library would check of other claims is for whom they are meant for.
    ignored = dict.fromkeys(("verify_aud", "verify_iss", "verify_sub", "verify_jti"), False)
    claims = _decoded(secret, token, {"require": ["sub", "exp"], **ignored}, None)
    _check_times(claims, now)
    others = [claims[name] for name in ("anonymous_id", "email", "phone") if claims.get(name) is not None]
    if not claims["sub"] or not all(isinstance(each, str) for each in (claims["sub"], *others)):
        raise Unauthenticated("a claim is no text")
    if claims["exp"] > now.timestamp() + LONGEST_USER_TOKEN.total_seconds() + _SKEW_SECONDS:
        raise Unauthenticated("the token is valid for too long")
    return claims


def _kid(token: str) -> str:
    try:
        return keys.kid_of(jwt.get_unverified_header(token))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("not a token of ours") from error


def _decoded(
    key: str, token: str, options: dict[str, Any], audience: Audience | Sequence[Audience] | None
) -> dict[str, Any]:
    try:
        # The times are compared by us, with the given clock instead of the library's.
        unchecked = dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf"), False)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=audience,
            options={**unchecked, **options},  # type: ignore[arg-type]
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("not a token of ours") from error
    return claims


def _check_times(claims: dict[str, Any], now: datetime) -> None:
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    # A whole number may be too large to be tried for being finite, and is.
    if not all(isinstance(each, int) or (isinstance(each, float) and math.isfinite(each)) for each in times.values()):
        raise Unauthenticated("times are not numbers")
    if "exp" in times and times["exp"] <= now.timestamp():
        raise ExpiredToken("the token has expired")
    if any(times.get(name, 0) > now.timestamp() + _SKEW_SECONDS for name in ("iat", "nbf")):
        raise Unauthenticated("the token is from the future")
