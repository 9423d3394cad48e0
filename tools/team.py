"""Create a team and print its API token, which is shown this once; change or list the teams that exist.

    tools/team.py --stage dev --name "Acme" [--environment dev] [--stack nereid-dev]
        [--senders "billing@example.com,@example.org"] [--admin-email sam@example.com [--admin-name "Sam Example"]
        [--ask-password]]
    tools/team.py --stage dev --team ID_OR_NAME [--senders ...] [--stop 1 | --stop 0]
    tools/team.py --stage dev --list

It invokes the stack's function for this, which has no public route, with the operator's AWS credentials; for the stage
`local` it asks the running local stack, which does the same. With --senders, a name that one team has already is that
team's, and what it may send as is replaced; none is made then.
With --admin-email the team gets an account with the role Admin, which can log in to the Neptie API. Its password is
made up and shown this once, unless it is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

OUTPUT = "CreateTeamFunction"
LOCAL = "local"
_PASSWORD_BYTES = 15
_ROOT = Path(__file__).resolve().parent.parent

#: Gives the function its payload and returns its answer; see `failed` for one that is none.
Ask = Callable[[dict[str, Any]], dict[str, Any]]


def function_name(session: boto3.Session, stack: str) -> str:
    """Read from the stack's outputs which function creates teams."""
    described = session.client("cloudformation").describe_stacks(StackName=stack)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0].get("Outputs", [])}
    if OUTPUT not in outputs:
        sys.exit(f"The stack {stack} has no output {OUTPUT}: is it a stack of Nereid?")
    return str(outputs[OUTPUT])


def deployed(session: boto3.Session, stack: str) -> Ask:
    """Return what asks the function of a deployed stack."""
    function = function_name(session, stack)

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        response = session.client("lambda").invoke(FunctionName=function, Payload=json.dumps(request).encode())
        answer: dict[str, Any] = json.loads(response["Payload"].read())
        return {"errorType": "Failed", **answer} if response.get("FunctionError") else answer

    return ask


def local() -> Ask:
    """Return what asks the running local stack."""
    state = Path(os.environ.get("NEREID_STATE_DIR") or _ROOT / ".nereid") / "local.json"
    if not state.is_file():
        sys.exit("No local stack is running: make run")
    url = json.loads(state.read_text(encoding="utf-8"))["base_url"]

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        asked = urllib.request.Request(  # noqa: S310 - the URL is the local stack's
            f"{url}/_local/team", json.dumps(request).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as response:  # noqa: S310
                answer: dict[str, Any] = json.load(response)
        except urllib.error.URLError as error:
            sys.exit(f"The local stack does not answer: {error}")
        return answer

    return ask


def must(answer: dict[str, Any], what: str) -> dict[str, Any]:
    """Return an answer; end the program if it says that the function failed."""
    kind = answer.get("errorType")
    if kind == "AlreadyExists":
        sys.exit(f"The team was not {what}: the e-mail address has an account already.")
    if kind == "NotFound":
        sys.exit(f"The team was not {what}: there is none of this id or name.")
    if kind is not None:
        sys.exit(f"The team was not {what}: {answer.get('errorMessage', 'the function failed; see its log')}")
    return answer


def ask_password() -> str:
    """Ask for a password on the terminal, twice."""
    password = getpass("Password of the account: ")
    if getpass("Again: ") != password:
        sys.exit("The passwords differ; nothing was created.")
    return password


def read_arguments() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description="Create a team, or change or list those that exist.")
    parser.add_argument("--stage", default="dev", help="`local` for the running local stack")
    parser.add_argument("--name", default="")
    parser.add_argument("--environment", help="identifier of its first environment")
    parser.add_argument("--stack", help="the stack's name where it is not nereid-<stage>")
    parser.add_argument("--team", default="", help="change the team with this id, or of this name")
    parser.add_argument(
        "--senders", help="whom it may send as: addresses, @domains, ARNs, sms:SENDERID or *, by commas"
    )
    parser.add_argument("--quota-times", type=int, help="how many times the stack's quotas it may have")
    parser.add_argument("--stop", choices=["0", "1"], help="1 stops the team, 0 lets it go on")
    parser.add_argument("--list", action="store_true", help="list all teams")
    parser.add_argument("--admin-email", help="make an account with the role Admin, too")
    parser.add_argument("--admin-name", help="the full name of the account's owner; the address if left out")
    parser.add_argument("--ask-password", action="store_true", help="ask for the account's password")
    arguments = parser.parse_args()
    if not (arguments.list or arguments.team.strip() or arguments.name.strip()):
        parser.error('a team needs a name: make team STAGE=dev NAME="Acme"')
    if not arguments.admin_email and (arguments.admin_name or arguments.ask_password):
        parser.error("an account needs --admin-email")
    if arguments.team and (arguments.senders, arguments.stop, arguments.quota_times) == (None, None, None):
        parser.error("nothing to change: give --senders, --stop or --quota-times")
    return arguments


def change(ask: Ask, arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Change a team that exists, if the arguments mean one; None if a team is to be made."""
    is_meant = bool(arguments.team) or arguments.stop is not None
    if not is_meant and (arguments.senders is None or arguments.admin_email):
        return None
    request: dict[str, Any] = {"team": arguments.team or arguments.name}
    if arguments.senders is not None:
        request["senders"] = entries(arguments.senders)
    if arguments.quota_times is not None:
        request["quota_times"] = arguments.quota_times
    if arguments.stop is not None:
        request["stopped"] = arguments.stop == "1"
    answer = ask(request)
    if not is_meant and answer.get("errorType") == "NotFound":
        return None
    return must(answer, "changed")


def entries(text: str) -> list[str]:
    """Return the entries of a list that is written with commas."""
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def account(arguments: argparse.Namespace) -> dict[str, str] | None:
    """Return the account that a team is made with, if the arguments want one."""
    if not arguments.admin_email:
        return None
    return {
        "email": arguments.admin_email,
        "full_name": arguments.admin_name or arguments.admin_email,
        "password": ask_password() if arguments.ask_password else secrets.token_urlsafe(_PASSWORD_BYTES),
    }


def create(ask: Ask, arguments: argparse.Namespace, admin: dict[str, str] | None) -> None:
    """Create a team, and print it with its secrets."""
    request: dict[str, Any] = {"name": arguments.name}
    if arguments.environment:
        request["environment"] = arguments.environment
    if arguments.senders is not None:
        request["senders"] = entries(arguments.senders)
    if arguments.quota_times is not None:
        request["quota_times"] = arguments.quota_times
    if admin is not None:
        request["account"] = admin
    answer = must(ask(request), "created")
    print(json.dumps(answer["team"], indent=2))
    print(f"\nAPI token (shown this once):\n{answer['api_token']}")
    if admin is not None:
        print(f"\nAccount: {answer['account']['email']}, role {answer['account']['role']}")
        if not arguments.ask_password:
            print(f"Password (shown this once):\n{admin['password']}")


def main() -> None:
    """Do what the arguments say, and print the team."""
    arguments = read_arguments()
    admin = account(arguments)
    try:
        stack = arguments.stack or f"nereid-{arguments.stage}"
        ask = local() if arguments.stage == LOCAL else deployed(boto3.Session(), stack)
        if arguments.list:
            print(json.dumps(must(ask({"list": True}), "listed")["teams"], indent=2))
            return
        changed = change(ask, arguments)
        if changed is None:
            create(ask, arguments, admin)
        else:
            print(json.dumps(changed["team"], indent=2))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS: {error}")


if __name__ == "__main__":
    main()
