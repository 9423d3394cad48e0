import http.client
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from local_stack.aws.recorder import Recorder
from local_stack.aws.resources import Cloud
from local_stack.aws.server import AwsServer, Forward, OneAtATime


@pytest.fixture
def serve() -> Iterator[Any]:
    servers: list[AwsServer] = []

    def start(app: Any) -> AwsServer:
        server = AwsServer(app, "127.0.0.1", 0)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 421), ("dynamodb.us-east-1.amazonaws.com", 421), ("localhost", 200), ("172.17.0.1:4566", 200)],
)
def test_a_name_that_others_can_point_here_reaches_no_table(serve: Any, host: str, status: int) -> None:
    def app(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"items"]

    connection = http.client.HTTPConnection("127.0.0.1", serve(app).port, timeout=10)
    connection.request("POST", "/", b"{}", {"Host": host})
    assert connection.getresponse().status == status
    connection.close()


def test_requests_are_answered_one_at_a_time() -> None:
    under_way = 0
    most = 0

    def app(_: Any, start_response: Any) -> Iterator[bytes]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        time.sleep(0.02)
        start_response("200 OK", [])
        yield b"done"
        under_way -= 1

    alone = OneAtATime(app)
    threads = [threading.Thread(target=lambda: b"".join(alone({}, lambda *_: None))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_condition_holds_for_one_of_many_writers(cloud: Cloud) -> None:
    table = cloud.client("dynamodb")
    table.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    won: list[int] = []

    def claim(number: int) -> None:
        try:
            table.put_item(TableName="t", Item={"pk": {"S": "1"}}, ConditionExpression="attribute_not_exists(pk)")
            won.append(number)
        except table.exceptions.ConditionalCheckFailedException:
            pass

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_an_emulator_that_does_not_answer_is_named(serve: Any) -> None:
    server = serve(Forward("http://127.0.0.1:9"))
    sqs = boto3.client(
        "sqs",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(botocore.exceptions.ClientError, match="502"):
        sqs.list_queues()
    sqs.close()


def test_an_email_that_is_refused_is_not_noted(cloud: Cloud, recorder: Recorder) -> None:
    noted: list[Any] = []
    recorder.on_email = lambda request, message_id: noted.append((request["FromEmailAddress"], message_id))
    ses = cloud.client("sesv2")
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}
    too_many = {"ToAddresses": [f"{number}@example.com" for number in range(51)]}
    with pytest.raises(botocore.exceptions.ClientError):
        ses.send_email(FromEmailAddress="a@example.com", Destination=too_many, Content=content)
    assert noted == []
    to = {"ToAddresses": ["b@example.com"]}
    answer = ses.send_email(FromEmailAddress="Any <any@example.org>", Destination=to, Content=content)
    assert noted == [("Any <any@example.org>", answer["MessageId"])]


def test_a_publish_is_noted_with_its_id(cloud: Cloud, recorder: Recorder) -> None:
    noted: list[Any] = []
    recorder.on_publish = lambda request, message_id: noted.append((request["PhoneNumber"], message_id))
    answer = cloud.client("sns").publish(PhoneNumber="+15555550100", Message="ä & b")
    assert noted == [("+15555550100", answer["MessageId"])]


def test_events_that_the_product_puts_on_the_bus_are_handed_on(cloud: Cloud, recorder: Recorder) -> None:
    put: list[Any] = []
    recorder.on_events = put.extend
    entry = {"Source": "nereid", "DetailType": "x", "Detail": json.dumps({"a": 1})}
    cloud.client("events").put_events(Entries=[entry])
    assert put == [entry]
