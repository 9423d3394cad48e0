"""Makes moto's SQS fast enough for many messages. Whatever it answers stays the same."""

from __future__ import annotations

import functools
import importlib
import random
import string
import threading
import time
from typing import Any

_HANDLE_LENGTH = 185


def install() -> None:
    """Replace what takes long; doing it again changes nothing."""
    # Not as import statements: what is replaced here is none of what their types say can be.
    models: Any = importlib.import_module("moto.sqs.models")
    if hasattr(models.SQSBackend.send_message, "counts_nothing"):
        return
    _look_at_clocks_less(models)
    _send_without_counting(models)
    # It looks through a class for its methods at each request.
    responses: Any = importlib.import_module("moto.core.responses")
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    # It draws each letter of a receipt handle by itself.
    models.generate_receipt_handle = lambda: "".join(random.choices(string.ascii_lowercase, k=_HANDLE_LENGTH))  # noqa: S311


def _look_at_clocks_less(models: Any) -> None:
    # moto asks each message of a queue for its state, several times in every call, and makes dates to compare
    # times. With some hundred messages waiting, that is most of what the stack does.
    def stays(*_: Any) -> bool:
        # Nothing here lives as long as the retention period of a queue.
        return True

    models.unix_time_millis = lambda: time.time() * 1000
    models.SQSBackend.is_message_valid_based_on_retention_period = stays


def _send_without_counting(models: Any) -> None:
    """Let a message be sent without a look at all others.

    To learn whether a queue drops what it got before, moto sums up the queue's attributes, which counts its messages in
    three ways; only FIFO queues have that attribute.
    """
    original, every_attribute = models.SQSBackend.send_message, models.Queue.attributes
    sending = threading.local()

    @functools.wraps(original)
    def send_message(*arguments: Any, **options: Any) -> Any:
        sending.now = True
        try:
            return original(*arguments, **options)
        finally:
            sending.now = False

    def attributes(self: Any) -> dict[str, Any]:
        if getattr(sending, "now", False) and not self.fifo_queue:
            return {}
        found: dict[str, Any] = every_attribute.fget(self)
        return found

    send_message.counts_nothing = True  # type: ignore[attr-defined]
    models.SQSBackend.send_message = send_message
    models.Queue.attributes = property(attributes)
