"""What is read from the bucket of attachments."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from nereid.aws.messaging.attachment_bucket import AttachmentBucket, Object
from nereid.aws.messaging.email_channel import SesChannel
from nereid.errors import NotSendable, Unavailable
from nereid.models.delivery import File, Rendered
from nereid.models.event_type import MAX_FILES_BYTES
from tests.unit.aws.messaging.test_email_channel import JOB

URL = "s3://files/t/a"


def bucket(answer: Any, asked: list[Any] | None = None) -> AttachmentBucket:
    def get_object(**request: Any) -> Any:
        if asked is not None:
            asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return {"ContentLength": len(answer), "Body": io.BytesIO(answer), "ContentType": "text/plain"}

    clients: Any = SimpleNamespace(s3=SimpleNamespace(get_object=get_object))
    return AttachmentBucket(clients, "files")


def refusal(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetObject")


def test_an_object_is_read_by_its_key() -> None:
    asked: list[Any] = []
    assert bucket(b"abc", asked).read(URL, "t", 3) == Object(b"abc", "text/plain")
    assert asked == [{"Bucket": "files", "Key": "t/a"}]


def test_one_that_is_too_large_is_not_read() -> None:
    with pytest.raises(NotSendable, match="attachment: too large"):
        bucket(b"abcd").read(URL, "t", 3)


@pytest.mark.parametrize("url", ["s3://files/other/a", "s3://other/t/a", "https://example.com/t/a"])
def test_one_of_another_team_is_not_asked_for(url: str) -> None:
    asked: list[Any] = []
    with pytest.raises(NotSendable, match="attachment: not found"):
        bucket(b"abc", asked).read(url, "t", 3)
    assert asked == []


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied", "InvalidObjectState"])
def test_what_is_not_there_is_not_found(code: str) -> None:
    with pytest.raises(NotSendable, match="attachment: not found"):
        bucket(refusal(code, 404)).read(URL, "t", 3)


@pytest.mark.parametrize(
    "fault",
    [
        refusal("SlowDown", 503),
        refusal("NoSuchBucket", 404),
        refusal("InvalidAccessKeyId", 403),
        EndpointConnectionError(endpoint_url="https://s3.example.com"),
    ],
)
def test_anything_else_may_pass(fault: Exception) -> None:
    with pytest.raises(Unavailable):
        bucket(fault).read(URL, "t", 3)


def test_all_files_of_a_mail_share_the_room() -> None:
    rooms: list[int] = []

    def read(url: str, team_id: str, room: int) -> Object:
        assert (url, team_id) == (URL, "t")
        rooms.append(room)
        return Object(b"abcde", "text/plain")

    nobody: Any = SimpleNamespace()
    reader: Any = SimpleNamespace(read=read)
    files = [File("a", None, url=URL), File("b", "text/plain", b"abc"), File("c", None, url=URL)]
    found = list(SesChannel(nobody, "set", reader)._files(JOB, Rendered({}, [], files=files)))
    assert rooms == [MAX_FILES_BYTES - 3, MAX_FILES_BYTES - 8]
    assert [each[:2] for each in found] == [("a", "text/plain"), ("b", "text/plain"), ("c", "text/plain")]
