"""What Lambda tells a function about its calls of AWS, and whether that is all there is to know."""

import os
import re
from typing import NamedTuple

#: Regions whose hosts are called alike, by the domain that they are in.
#: Source: https://docs.aws.amazon.com/general/latest/gr/rande.html
_DOMAINS = {
    re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx|us-gov)-[a-z]+-\d+"): "amazonaws.com",
    re.compile(r"cn-[a-z]+-\d+"): "amazonaws.com.cn",
}
#: What only boto3 heeds: other kinds of hosts, proxies, other certificates.
_UNUSUAL = (
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
)
#: What Lambda gives a function, and nobody else has together.
_GIVEN = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class Credentials(NamedTuple):
    """Those of the function's role."""

    key_id: str
    secret: str
    token: str


def is_ordinary() -> bool:
    """Tell whether this is a function in a region that :func:`endpoint` knows, with nothing set that boto3 is for."""
    if not all(os.environ.get(name) for name in _GIVEN) or _domain() is None:
        return False
    return not any(_is_set(name) or _is_set(name.lower()) for name in _UNUSUAL)


def credentials() -> Credentials:
    """Return the credentials as they are now."""
    given = os.environ
    return Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], given.get("AWS_SESSION_TOKEN") or "")


def region() -> str:
    """Return the function's region."""
    return os.environ["AWS_DEFAULT_REGION"]


def endpoint(host: str, variable: str) -> str:
    """Return the URL of a service.

    Parameters
    ----------
    host
        What the service's host begins with.
    variable
        How its own variable ends that boto3 knows: `AWS_ENDPOINT_URL_...` goes before `AWS_ENDPOINT_URL`.
    """
    given = os.environ.get(f"AWS_ENDPOINT_URL_{variable}") or os.environ.get("AWS_ENDPOINT_URL")
    if given and not _is_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return given.rstrip("/")
    return f"https://{host}.{region()}.{_domain()}"


def trace_id() -> str:
    """Return the id of the trace that this invocation is part of, by which Lambda also finds loops; empty for none."""
    return os.environ.get("_X_AMZN_TRACE_ID", "")


def _domain() -> str | None:
    return next((domain for regions, domain in _DOMAINS.items() if regions.fullmatch(region())), None)


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").lower() not in ("", "false")
