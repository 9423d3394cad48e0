"""Mail to accounts: the stack's own, to whom nobody subscribes and of which nothing is reported."""

from botocore.exceptions import ClientError

from nereid.aws.clients import Clients
from nereid.aws.errors import translated
from nereid.errors import Unavailable


class SesAccountMail:
    """Sends what `nereid.core.access.verification` writes."""

    def __init__(self, clients: Clients, sender: str) -> None:
        self._clients = clients
        self._sender = sender

    def __call__(self, to: str, subject: str, text: str) -> None:
        """Hand a mail over to SES; `Unavailable` if it does not take it, for whatever reason."""
        content = {"Subject": {"Data": subject}, "Body": {"Text": {"Data": text, "Charset": "UTF-8"}}}
        try:
            with translated():
                self._clients.ses.send_email(
                    FromEmailAddress=self._sender,
                    Destination={"ToAddresses": [to]},
                    Content={"Simple": content},
                )
        except ClientError as error:
            raise Unavailable("SES does not take the mail") from error
