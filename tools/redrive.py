"""List what failed too often in a deployed stack, and put it back on its queues, or delete it.

    tools/redrive.py --stage dev                            list the dead letters of all queues
    tools/redrive.py --stage dev --queue email --bodies     of one queue, with what they hold
    tools/redrive.py --stage dev --redrive ID | all
    tools/redrive.py --stage dev --purge ID | all [--yes]

It works on the stack's queues and tables with the operator's AWS credentials, and sees the letters of all
teams and those that belong to none.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "layers" / "nereid"))

from nereid.aws.clients import Clients  # noqa: E402 - found by the path above
from nereid.aws.messaging.dead_letter_queues import SqsDeadLetterQueue  # noqa: E402
from nereid.aws.messaging.deliveries import DynamoDeliveryStore  # noqa: E402
from nereid.aws.messaging.failure_notes import DynamoFailureNotes  # noqa: E402
from nereid.aws.messaging.messages import DynamoMessageStore  # noqa: E402
from nereid.aws.table import Table  # noqa: E402
from nereid.clock import SystemClock  # noqa: E402
from nereid.core.messaging.dead_letters import QUEUES, DeadLetters, Done  # noqa: E402
from nereid.errors import NotFound, Unavailable  # noqa: E402
from nereid.models.letter import Letter  # noqa: E402

ALL = "all"
#: How long one pass over the queues may take in seconds, and how many letters it looks at.
_PASS_SECONDS, _PASS_LETTERS = 60, 10_000
_DAY = 24 * 60 * 60


class Stack:
    """The queues and tables of a stack.

    Parameters
    ----------
    outputs : mapping
        The stack's outputs.
    retention_days : int
        For how many days it keeps deliveries.
    clients : Clients
        AWS.
    """

    def __init__(self, outputs: Mapping[str, str], retention_days: int, clients: Clients) -> None:
        table = Table(clients, outputs["ActivityTable"])
        self.notes = DynamoFailureNotes(table)
        self.messages = DynamoMessageStore(table)
        self.deliveries = DynamoDeliveryStore(table, retention_days * _DAY)
        queues = {
            name: SqsDeadLetterQueue(
                clients, outputs[f"{name.capitalize()}DeadLetterQueueUrl"], outputs[f"{name.capitalize()}QueueUrl"]
            )
            for name in QUEUES
        }
        self.queues = queues
        self.letters = DeadLetters(queues, SystemClock(), _PASS_SECONDS, _PASS_LETTERS)


def find(cloudformation: Any, stack: str) -> Stack:
    """Read a stack's resources from CloudFormation."""
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
    try:
        return Stack(outputs, int(parameters["RetentionDays"]), Clients())
    except KeyError as error:
        sys.exit(f"The stack {stack} has no {error.args[0]}: is it a stack of Nereid, and as new as this program?")


def show(stack: Stack, queue: str | None, limit: int, *, bodies: bool) -> None:
    """Print letters, oldest first."""
    shown = stack.letters.show(stack.notes, None, queue, limit)
    now = SystemClock().now()
    for letter in shown.letters:
        print(described(letter, now))
        if bodies:
            print(json.dumps(letter.contents.body, indent=2, ensure_ascii=False))
    more = "; there may be more" if shown.more else ""
    print(f"{len(shown.letters)} dead letters{more}")


def described(letter: Letter, now: datetime) -> str:
    """Return a letter in two lines."""
    contents = letter.contents
    carried = [("team", [contents.team_id or "nobody"]), ("environment", [contents.environment or "none"])]
    carried += [("event type", contents.event_types), ("message", contents.message_ids)]
    carried += [("delivery", contents.delivery_ids)]
    ids = "; ".join(f"{name} {', '.join(values)}" for name, values in carried if values)
    tries = f"{letter.receive_count} tries"
    return (
        f"{letter.queue}  {letter.id}  {age(letter.sent_at, now)}  {tries}  {letter.reason}\n    {contents.kind}: {ids}"
    )


def age(sent_at: datetime, now: datetime) -> str:
    """Return how old a letter is, in its largest unit."""
    seconds = max(0, int((now - sent_at).total_seconds()))
    for unit, length in (("d", _DAY), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def in_passes(once: Callable[[], Done], word: str) -> bool:
    """Deal with letters pass by pass until none is left that can be dealt with; tell whether all went well."""
    total = 0
    while True:
        done = once()
        total += done.done
        if not done.more or not done.done:
            break
        print(f"{total} {word} so far")
    print(f"{total} {word}, {done.remaining} remain{'; there may be more' if done.more else ''}")
    return not done.remaining and not done.more


def confirmed(stack: Stack, queue: str | None, letter_id: str) -> bool:
    """Ask whether letters are to be deleted."""
    what = letter_id
    if letter_id == ALL:
        count = sum(stack.queues[name].waiting()[0] for name in ([queue] if queue else QUEUES))
        what = f"all letters of {queue or 'all queues'}, about {count}"
    print(f"Delete {what}? What they carry is recorded as failed and can only be sent again by force.")
    return input("Type yes: ").strip() == "yes"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="List, redrive and purge the dead letters of a deployed stack.")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--stack", help="the stack's name where it is not nereid-<stage>")
    parser.add_argument("--queue", choices=QUEUES, help="this queue alone")
    parser.add_argument("--limit", type=int, default=100, help="how many letters to list")
    parser.add_argument("--bodies", action="store_true", help="list what the letters hold, too")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--redrive", metavar="ID", help="put a letter back on its queue, or `all`")
    action.add_argument("--purge", metavar="ID", help="delete a letter, or `all`")
    parser.add_argument("--yes", action="store_true", help="purge without asking")
    given = parser.parse_args()
    letter_id = given.redrive or given.purge
    one = None if letter_id == ALL else letter_id
    try:
        stack = find(boto3.client("cloudformation"), given.stack or f"nereid-{given.stage}")
        if given.redrive:
            fine = in_passes(lambda: stack.letters.redrive(None, given.queue, one), "redriven")
        elif given.purge:
            if not given.yes and not confirmed(stack, given.queue, letter_id):
                sys.exit("Nothing was deleted.")
            fine = in_passes(
                lambda: stack.letters.purge(stack.messages, stack.deliveries, None, given.queue, one), "purged"
            )
        else:
            show(stack, given.queue, given.limit, bodies=given.bodies)
            fine = True
    except NotFound:
        sys.exit(f"There is no dead letter {letter_id}.")
    except Unavailable as error:
        sys.exit(f"AWS did not take everything: {error}. Repeat it: nothing is lost.")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS: {error}")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
