"""Secrets, from Secrets Manager."""

from nereid.aws.clients import Clients
from nereid.aws.errors import translated


def read_secret(clients: Clients, arn: str) -> str:
    """Return the current value of a secret."""
    with translated():
        return str(clients.secrets.get_secret_value(SecretId=arn)["SecretString"])
