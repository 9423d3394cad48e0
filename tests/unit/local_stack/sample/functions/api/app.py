"""The API of the sample product: echoes, queues work, tells what the worker stored."""

import json
import os
from typing import Any

import boto3
from sample_layer.shared import GREETING  # type: ignore[import-not-found] # the layer brings it

_calls = 0


def _answer(content: Any, status: int = 200) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(content)}


def handler(event: dict[str, Any], context: Any) -> Any:
    global _calls  # noqa: PLW0603 - warm state is what is shown
    _calls += 1
    route = event["routeKey"]
    if route.endswith("/echo/{rest+}"):
        return _answer(
            {
                "event": event,
                "greeting": GREETING,
                "calls": _calls,
                "environment": dict(os.environ),
                "function": context.function_name,
                "remaining": context.get_remaining_time_in_millis(),
            }
        )
    if route == "POST /send":
        queue = os.environ["QUEUE_URL"]
        sent = boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=event["body"])
        return _answer({"message_id": sent["MessageId"]})
    if route == "GET /result/{key}":
        table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
        item = table.get_item(Key={"pk": event["pathParameters"]["key"]}).get("Item")
        return _answer(json.loads(str(item["content"])) if item else None, 200 if item else 404)
    if route == "GET /manage/environments":
        return _answer({"data": [{"identifier": "dev"}], "next_cursor": None})
    if route == "POST /manage/client_keys":
        return _answer({"key": "pk_sample" if json.loads(event["body"])["scope"] == "public" else "sk_sample"})
    return {"status": "ok"}
