"""URLs of objects in the stack's bucket of attachments."""

import re
from urllib.parse import unquote

#: The reasons of deliveries whose files cannot be sent, and how they begin.
ATTACHMENT = "attachment"
NOT_FOUND, TOO_LARGE = f"{ATTACHMENT}: not found", f"{ATTACHMENT}: too large"
#: Longest key of an object, in bytes.
_LONGEST_KEY = 1024
_S3 = re.compile(r"s3://([^/?#]+)/(.+)", re.DOTALL)
#: The bucket in the name of the host, or at the beginning of the path.
#: Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-bucket-intro.html
_ENDPOINT = r"s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
_IN_HOST = re.compile(rf"https://([a-z0-9][a-z0-9.-]*?)\.{_ENDPOINT}/([^?#]+)")
_IN_PATH = re.compile(rf"https://{_ENDPOINT}/([^/?#]+)/([^?#]+)")


def object_key(url: str, bucket: str, team_id: str) -> str | None:
    """Return the key of the object that a URL names; None if it is not in the bucket, or not the team's.

    A team's objects are those whose keys begin with its id and a slash.

    Parameters
    ----------
    url
        ``s3://bucket/key``, or an https URL of the object, without a query.
    """
    found = _S3.fullmatch(url)
    if found:
        named, key = found[1], found[2]
    else:
        found = _IN_PATH.fullmatch(url) or _IN_HOST.fullmatch(url)
        if not found:
            return None
        try:
            named, key = found[1], unquote(found[2], errors="strict")
        except UnicodeDecodeError:
            return None
    fits = len(key.encode(errors="replace")) <= _LONGEST_KEY
    # A step upwards means nothing to the store, but may to what reads the URL on the way.
    is_plain = not any(step in (".", "..") for step in key.split("/"))
    is_theirs = key.startswith(f"{team_id}/") and key != f"{team_id}/"
    return key if named == bucket and fits and is_plain and is_theirs else None
