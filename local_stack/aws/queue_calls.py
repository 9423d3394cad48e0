"""The calls that pollers make of SQS, handed to the endpoint in this process: they ask all day long.

boto3 takes several times as long for each as the endpoint does, and needs a connection with a thread behind it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local_stack.http.gateway import Request, Response


class QueueCalls:
    """SQS, called as boto3's client is.

    Parameters
    ----------
    handle : callable
        The endpoint.
    region : str
        Where the queues are.
    """

    def __init__(self, handle: Callable[[Request], Response], region: str) -> None:
        self._handle = handle
        # An emulator reads the service and the region there, and checks nothing.
        signed = f"AWS4-HMAC-SHA256 Credential=test/20000101/{region}/sqs/aws4_request, SignedHeaders=host, Signature=0"
        self._headers = [
            ("Host", "127.0.0.1"),
            ("Authorization", signed),
            ("Content-Type", "application/x-amz-json-1.0"),
        ]

    def receive_message(self, **request: Any) -> dict[str, Any]:
        """Take messages from a queue.

        Parameters
        ----------
        **request : Any
            As SQS names it.

        Returns
        -------
        dict
            As boto3 returns it, but binary values are in base64, as Lambda has them.

        Raises
        ------
        RuntimeError
            When it is refused.
        """
        return self._call("ReceiveMessage", request)

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        """Delete messages.

        Parameters
        ----------
        **request : Any
            As SQS names it.

        Returns
        -------
        dict
            As boto3 returns it.

        Raises
        ------
        RuntimeError
            When it is refused.
        """
        return self._call("DeleteMessageBatch", request)

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        headers = [*self._headers, ("X-Amz-Target", f"AmazonSQS.{operation}")]
        response = self._handle(Request("POST", "/", headers=headers, body=json.dumps(request).encode()))
        if response.status != 200:
            raise RuntimeError(f"{operation}: {response.status} {response.body.decode(errors='replace')}")
        answer: dict[str, Any] = json.loads(response.body)
        return answer
