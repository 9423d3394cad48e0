"""Create a team in a deployed stack and print its API token, which is shown this once.

    tools/team.py --stage dev --name "Acme" [--environment dev] [--stack nereid-dev]
        [--admin-email sam@example.com [--admin-name "Sam Example"] [--ask-password]]

It invokes the stack's function for this, which has no public route, with the operator's AWS credentials.
With --admin-email the team gets an account with the role Admin, which can log in to the Neptie API. Its password is
made up and shown this once, unless it is asked for.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from getpass import getpass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

OUTPUT = "CreateTeamFunction"
_PASSWORD_BYTES = 15


def function_name(session: boto3.Session, stack: str) -> str:
    """Read from the stack's outputs which function creates teams."""
    described = session.client("cloudformation").describe_stacks(StackName=stack)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0].get("Outputs", [])}
    if OUTPUT not in outputs:
        sys.exit(f"The stack {stack} has no output {OUTPUT}: is it a stack of Nereid?")
    return str(outputs[OUTPUT])


def create_team(session: boto3.Session, function: str, request: dict[str, Any]) -> dict[str, Any]:
    """Invoke the function and return its answer."""
    response = session.client("lambda").invoke(FunctionName=function, Payload=json.dumps(request).encode())
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    if answer.get("errorType") == "AlreadyExists":
        sys.exit("The team was not created: the e-mail address has an account already.")
    if response.get("FunctionError"):
        sys.exit(f"The team was not created: {answer.get('errorMessage', 'the function failed; see its log')}")
    return answer


def ask_password() -> str:
    """Ask for a password on the terminal, twice."""
    password = getpass("Password of the account: ")
    if getpass("Again: ") != password:
        sys.exit("The passwords differ; nothing was created.")
    return password


def main() -> None:
    """Read the arguments, create the team, print its token."""
    parser = argparse.ArgumentParser(description="Create a team in a deployed stack.")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--name", required=True)
    parser.add_argument("--environment", help="identifier of its first environment")
    parser.add_argument("--stack", help="the stack's name where it is not nereid-<stage>")
    parser.add_argument("--admin-email", help="make an account with the role Admin, too")
    parser.add_argument("--admin-name", help="the full name of the account's owner; the address if left out")
    parser.add_argument("--ask-password", action="store_true", help="ask for the account's password")
    arguments = parser.parse_args()
    if not arguments.name.strip():
        parser.error('a team needs a name: make team STAGE=dev NAME="Acme"')
    if not arguments.admin_email and (arguments.admin_name or arguments.ask_password):
        parser.error("an account needs --admin-email")
    request: dict[str, Any] = {"name": arguments.name}
    if arguments.environment:
        request["environment"] = arguments.environment
    if arguments.admin_email:
        request["account"] = {
            "email": arguments.admin_email,
            "full_name": arguments.admin_name or arguments.admin_email,
            "password": ask_password() if arguments.ask_password else secrets.token_urlsafe(_PASSWORD_BYTES),
        }
    session = boto3.Session()
    try:
        function = function_name(session, arguments.stack or f"nereid-{arguments.stage}")
        answer = create_team(session, function, request)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS: {error}")
    print(json.dumps(answer["team"], indent=2))
    print(f"\nAPI token (shown this once):\n{answer['api_token']}")
    if arguments.admin_email:
        print(f"\nAccount: {answer['account']['email']}, role {answer['account']['role']}")
        if not arguments.ask_password:
            print(f"Password (shown this once):\n{request['account']['password']}")


if __name__ == "__main__":
    main()
