"""Does the work that comes by the queue: stores it, sends what it says, fails where it says so."""

import json
import os
from typing import Any

import boto3


def _store(key: str, content: Any) -> None:
    boto3.resource("dynamodb").Table(os.environ["TABLE"]).put_item(Item={"pk": key, "content": json.dumps(content)})


def _email(work: dict[str, Any]) -> None:
    boto3.client("sesv2").send_email(
        FromEmailAddress=os.environ["EMAIL_FROM"],
        Destination={"ToAddresses": [work["to"]]},
        Content={"Simple": {"Subject": {"Data": work["subject"]}, "Body": {"Text": {"Data": work["text"]}}}},
        ConfigurationSetName=os.environ["CONFIGURATION_SET"],
        EmailTags=[{"Name": "work", "Value": work["key"]}],
    )


def _push(work: dict[str, Any]) -> None:
    sns = boto3.client("sns")
    application = os.environ["PUSH_APPLICATION_ARN"]
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=application, Token=work["to"])["EndpointArn"]
    notification = {"fcmV1Message": {"message": {"notification": {"title": work["subject"], "body": work["text"]}}}}
    message = json.dumps({"default": work["text"], "GCM": json.dumps(notification)})
    sns.publish(TargetArn=endpoint, Message=message, MessageStructure="json")


def _sms(work: dict[str, Any]) -> None:
    boto3.client("sns").publish(
        PhoneNumber=work["to"],
        Message=work["text"],
        MessageAttributes={"AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "Sample"}},
    )


_CHANNELS = {"email": _email, "push": _push, "sms": _sms}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    failures = []
    for record in event["Records"]:
        work = json.loads(record["body"])
        if "detail" in work:
            _store(work["detail"]["mail"]["tags"]["work"][0], work)
        elif work.get("fails"):
            failures.append({"itemIdentifier": record["messageId"]})
        else:
            if "channel" in work:
                _CHANNELS[work["channel"]](work)
            _store(work["key"], {"work": work, "record": record})
    return {"batchItemFailures": failures}
