"""Create a team in a deployed stack and print its API token, which is shown this once.

    tools/team.py --stage dev --name "Acme" [--environment dev] [--stack nereid-dev]

It invokes the stack's function for this, which has no public route, with the AWS credentials of whoever runs it.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

OUTPUT = "CreateTeamFunction"


def function_name(session: boto3.Session, stack: str) -> str:
    """Read from the stack's outputs which function creates teams."""
    described = session.client("cloudformation").describe_stacks(StackName=stack)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0].get("Outputs", [])}
    if OUTPUT not in outputs:
        sys.exit(f"The stack {stack} has no output {OUTPUT}: is it a stack of Nereid?")
    return str(outputs[OUTPUT])


def create_team(session: boto3.Session, function: str, request: dict[str, str]) -> dict[str, Any]:
    """Invoke the function and return its answer."""
    response = session.client("lambda").invoke(FunctionName=function, Payload=json.dumps(request).encode())
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    if response.get("FunctionError"):
        sys.exit(f"The team was not created: {answer.get('errorMessage', 'the function failed; see its log')}")
    return answer


def main() -> None:
    """Read the arguments, create the team, print what it needs to begin."""
    parser = argparse.ArgumentParser(description="Create a team in a deployed stack.")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--name", required=True)
    parser.add_argument("--environment", help="identifier of its first environment")
    parser.add_argument("--stack", help="the stack's name where it is not nereid-<stage>")
    arguments = parser.parse_args()
    if not arguments.name.strip():
        parser.error('a team needs a name: make team STAGE=dev NAME="Acme"')
    request = {"name": arguments.name}
    if arguments.environment:
        request["environment"] = arguments.environment
    session = boto3.Session()
    try:
        function = function_name(session, arguments.stack or f"nereid-{arguments.stage}")
        answer = create_team(session, function, request)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS: {error}")
    print(json.dumps(answer["team"], indent=2))
    print(f"\nAPI token (shown this once):\n{answer['api_token']}")


if __name__ == "__main__":
    main()
