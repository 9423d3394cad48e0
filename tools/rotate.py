"""Give a secret of a stack a new key; what the former one signed goes on working for a time.

    tools/rotate.py --stage dev --secret links|tokens [--overlap-days 365] [--at-once] [--stack nereid-dev]
    tools/rotate.py --stage dev --secret links|tokens --show

The new key signs after a quarter of an hour, when every function knows it. With --at-once it signs now and the former
keys end now: for a key that somebody else has. It works with the operator's AWS credentials.
"""

from __future__ import annotations

import argparse
import secrets
import string
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "layers" / "nereid"), str(ROOT)]

from nereid.auth import keys  # noqa: E402 - found by the path above
from tools import stacks  # noqa: E402

#: The secrets by their name here: their logical ids, and how many days a former key is good unless the operator says.
SECRETS = {"links": ("SigningSecret", 3 * 365), "tokens": ("TokenSecret", 365)}
#: When a new key signs: later than functions believe a secret that they have read (nereid.aws.secrets.KEPT).
SIGNS_AFTER = timedelta(minutes=15)
_LENGTH = 64


def rotated(secret: str, now: datetime, overlap: timedelta, *, at_once: bool) -> keys.Keys:
    """Return the keys of a secret with a new one before them.

    Parameters
    ----------
    secret
        The text of the secret.
    overlap
        For how long the key that signs now verifies what it has signed.
    at_once
        Whether the new key signs now, and the former ones end now.
    """
    had = keys.parse(secret)
    kid = str(max(int(each) for each in (had.kid, *(former.kid for former in had.former))) + 1)
    key = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(_LENGTH))
    if at_once:
        return keys.Keys(kid=kid, key=key)
    signs_from = now + SIGNS_AFTER
    return had.rotated(kid, key, now, signs_from, signs_from + overlap)


def show(secret: str) -> str:
    """Return what an operator may see of a secret's keys."""
    had = keys.parse(secret)
    lines = [f"{had.kid}: signs" + (f" from {had.signs_from:%Y-%m-%d %H:%M} UTC" if had.signs_from else "")]
    ends = (f"until {each.until:%Y-%m-%d %H:%M} UTC" if each.until else "for ever" for each in had.former)
    return "\n".join([*lines, *(f"{each.kid}: verifies {end}" for each, end in zip(had.former, ends, strict=True))])


def main() -> None:
    """Read the arguments, rotate the secret, say how its keys stand."""
    parser = argparse.ArgumentParser(description="Give a secret of a stack a new key.")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--stack", help="the stack's name where it is not nereid-<stage>")
    parser.add_argument("--secret", choices=SECRETS, required=True)
    parser.add_argument("--overlap-days", type=int, help="for how long the former key is good")
    parser.add_argument("--at-once", action="store_true", help="sign with the new key now, and end the former ones now")
    parser.add_argument("--show", action="store_true", help="only say how the keys stand")
    arguments = parser.parse_args()
    logical_id, days = SECRETS[arguments.secret]
    overlap = timedelta(days=days if arguments.overlap_days is None else arguments.overlap_days)
    if overlap < timedelta(0):
        parser.error("the overlap cannot be negative")
    now = datetime.now(UTC)
    try:
        arn = stacks.physical(arguments.stage, logical_id, arguments.stack)
        client = boto3.client("secretsmanager")
        text = client.get_secret_value(SecretId=arn)["SecretString"]
        if not arguments.show:
            if not arguments.at_once and (keys.parse(text).signs_from or now) > now:
                sys.exit(f"The last key does not sign yet; nothing was changed.\n{show(text)}")
            text = rotated(text, now, overlap, at_once=arguments.at_once).text()
            client.put_secret_value(SecretId=arn, SecretString=text)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS: {error}")
    print(show(text))


if __name__ == "__main__":
    main()
