"""Signature version 4, for requests whose path needs no escapes and which have no query.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime

from nereid.aws.http.environment import Credentials


def signed(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: float,
) -> dict[str, str]:
    """Return the headers of a request with those that sign it.

    Parameters
    ----------
    headers
        By their names in lower case, `host` among them. All are signed.
    service
        The service's name in signatures.
    now
        The time of the request, in seconds since 1970.
    """
    moment = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    day = moment[:8]
    complete = {**headers, "x-amz-date": moment}
    if credentials.token:
        complete["x-amz-security-token"] = credentials.token
    names = sorted(complete)
    listed = ";".join(names)
    lines = "".join(f"{name}:{' '.join(complete[name].split())}\n" for name in names)
    request = f"{method}\n{path}\n\n{lines}\n{listed}\n{sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(_key(credentials.secret, day, region, service), text.encode(), "sha256").hex()
    complete["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.key_id}/{scope}, SignedHeaders={listed}, Signature={signature}"
    )
    return complete


@lru_cache(maxsize=16)
def _key(secret: str, *parts: str) -> bytes:
    """Return the key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (*parts, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
