"""Deletion of SNS's endpoints of push tokens that nobody has any more."""

from botocore.exceptions import ClientError

from nereid.aws.clients import Clients
from nereid.aws.errors import code, translated

#: SNS's codes for an endpoint, or an application, that is gone.
_GONE = frozenset({"NotFound", "NotFoundException", "InvalidParameter", "InvalidParameterException"})


class SnsEndpoints:
    """Implements `nereid.ports.rights.PlatformEndpoints`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def delete(self, endpoint: str) -> None:
        with translated():
            try:
                self._clients.sns.delete_endpoint(EndpointArn=endpoint)
            except ClientError as error:
                if code(error) not in _GONE:
                    raise
