"""The bucket of attachments: files that are too large for an event, put there by the teams' own systems."""

from typing import NamedTuple

from botocore.exceptions import ClientError

from nereid.aws.clients import Clients
from nereid.aws.errors import code, translated
from nereid.errors import NotSendable, Unavailable
from nereid.models.attachment_url import NOT_FOUND, TOO_LARGE, object_key

#: S3's codes for an object that is not there. Who may not list a bucket is told that access is denied; what is in an
#: archive would take hours to be there.
#: Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_NOT_THERE = frozenset({"AccessDenied", "InvalidObjectState", "NoSuchKey"})


class Object(NamedTuple):
    """The content of an object, and what it is."""

    content: bytes
    content_type: str


class AttachmentBucket:
    """Reads objects of a bucket.

    Parameters
    ----------
    name
        The bucket's name.
    """

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def read(self, url: str, team_id: str, room: int) -> Object:
        """Read an object of a team.

        Parameters
        ----------
        room
            How large it may be, in bytes.

        Raises
        ------
        NotSendable
            If it is not there, not the team's, or too large.
        Unavailable
            If the bucket cannot be read now.
        """
        key = object_key(url, self._name, team_id)
        if key is None:
            raise NotSendable(NOT_FOUND)
        try:
            with translated():
                answer = self._clients.s3.get_object(Bucket=self._name, Key=key)
                if answer["ContentLength"] > room:
                    answer["Body"].close()
                    raise NotSendable(TOO_LARGE)
                return Object(answer["Body"].read(), str(answer.get("ContentType") or ""))
        except ClientError as error:
            if code(error) in _NOT_THERE:
                raise NotSendable(NOT_FOUND) from error
            raise Unavailable(code(error)) from error
