"""URLs of objects in the bucket of attachments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.models.attachment_url import object_key

BUCKET, TEAM = "nereid-files", "team-1"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("s3://nereid-files/team-1/a.pdf", "team-1/a.pdf"),
        ("s3://nereid-files/team-1/a b/100%.pdf?x#y", "team-1/a b/100%.pdf?x#y"),
        ("https://nereid-files.s3.amazonaws.com/team-1/a.pdf", "team-1/a.pdf"),
        ("https://nereid-files.s3.eu-west-1.amazonaws.com/team-1/a%20b/%C3%BC.pdf", "team-1/a b/ü.pdf"),
        ("https://nereid-files.s3-us-west-2.amazonaws.com/team-1/a+b.pdf", "team-1/a+b.pdf"),
        ("https://nereid-files.s3.dualstack.eu-west-1.amazonaws.com/team-1/a", "team-1/a"),
        ("https://nereid-files.s3.cn-north-1.amazonaws.com.cn/team-1/a", "team-1/a"),
        ("https://s3.eu-west-1.amazonaws.com/nereid-files/team-1/a", "team-1/a"),
        ("https://s3.amazonaws.com/nereid-files/team-1/a", "team-1/a"),
    ],
)
def test_each_form_of_a_url_names_the_key(url: str, key: str) -> None:
    assert object_key(url, BUCKET, TEAM) == key


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3://nereid-files",
        "s3://nereid-files/",
        "s3://nereid-files/team-1",
        "s3://nereid-files/team-1/",
        "s3://nereid-files/team-10/a",
        "s3://nereid-files/team-2/a",
        "s3://nereid-files//team-1/a",
        "s3://nereid-files/team-1/../team-2/a",
        "s3://nereid-files/team-1/./a",
        "s3://nereid-files/team-1/" + "a" * 1024,
        "s3://Nereid-files/team-1/a",
        "s3://other/team-1/a",
        "S3://nereid-files/team-1/a",
        " s3://nereid-files/team-1/a",
        "http://nereid-files.s3.amazonaws.com/team-1/a",
        "https://nereid-files.s3.amazonaws.com/team-1/a?versionId=1",
        "https://nereid-files.s3.amazonaws.com/team-1/a#x",
        "https://nereid-files.s3.amazonaws.com:8443/team-1/a",
        "https://user@nereid-files.s3.amazonaws.com/team-1/a",
        "https://nereid-files.s3.amazonaws.com.evil.example/team-1/a",
        "https://nereid-files.s3.evil.example/team-1/a",
        "https://evil.example/nereid-files/team-1/a",
        "https://other.s3.amazonaws.com/team-1/a",
        "https://nereid-files.s3.amazonaws.com/team-1/%2e%2e/team-2/a",
        "https://nereid-files.s3.amazonaws.com/team-1/%ff",
        "https://nereid-files.s3.amazonaws.com/",
        "file:///team-1/a",
        "team-1/a",
    ],
)
def test_any_other_names_none(url: str) -> None:
    assert object_key(url, BUCKET, TEAM) is None


@given(st.text(max_size=60))
def test_no_key_is_another_teams(rest: str) -> None:
    for url in (f"s3://{BUCKET}/{rest}", f"https://{BUCKET}.s3.amazonaws.com/{rest}", rest):
        key = object_key(url, BUCKET, TEAM)
        assert key is None or key.startswith(f"{TEAM}/")
