"""Check the functions' policies: what IAM knows together, and what the functions use.

    tools/policies.py                 parliament's findings on every policy of the template
    tools/policies.py --used FOLDER   what tests used (NEREID_USED_ACTIONS=FOLDER) and no policy allows, and the reverse

An exception stands in a table below with its reason; one that is not needed any more fails, too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "nereid")]

from local_stack.template.intrinsics import Resolver  # noqa: E402 - found by the path above
from tests.infrastructure import stack  # noqa: E402

Grant = tuple[str, str, str]
ACCOUNT = "111122223333"
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": ACCOUNT, "AWS::StackName": "nereid"}
#: The ARNs of a resource of each type that policies name. Some services put characters of their own behind a name.
_ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:us-east-1:{account}:table/{name}",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SQS::Queue": "sqs:us-east-1:{account}:{name}",
    "AWS::KMS::Key": "kms:us-east-1:{account}:key/{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:us-east-1:{account}:secret:{name}-a1b2c3",
    "AWS::Lambda::Function": "lambda:us-east-1:{account}:function:{name}",
}

#: Findings that are no faults: role or policy, statement, and parliament's finding (* stands for anything), with the
#: reason.
ACCEPTED: dict[tuple[str, str, str], str] = {
    ("PipelineDeliverPushRole", "*", "RESOURCE_MISMATCH"): "IAM's reference names no resource; SNS's errors do",
    ("ManageEraseUserRole", "DeleteEndpoints", "RESOURCE_MISMATCH"): "as above",
    ("PipelineSweepDeliveriesRole", "DeleteEndpoints", "RESOURCE_MISMATCH"): "as above",
    ("NeptieGenerateEmailRole", "*", "RESOURCE_MISMATCH"): "a model alone or through a profile, no other resource",
    ("NeptieGenerateEmailRole", "InvokeModelOfProfile", "MISMATCHED_TYPE_BUT_USABLE"): "the profile's ARN is known",
}

#: Actions that no test uses (* stands for anything), each with the reason.
UNUSED: dict[tuple[str, str, str], str] = {
    ("Manage*DeadLetters", "sqs:*", "*DeadLetterQueue"): "the queues are alike, and tests bury letters in some",
    ("ManageRedriveDeadLetters", "sqs:SendMessage", "*Queue"): "as above",
    ("ManageShowOverview", "sqs:ChangeMessageVisibility", "*DeadLetterQueue"): "as above",
    ("*", "dynamodb:GetItem", "LimitsTable"): "read for the headers of an answer if the count could not be written",
    ("ClientRefuseRequest", "dynamodb:*", "A*Table"): "what the endpoints do whose paths it serves in other spellings",
    ("ClientRefuseRequest", "kms:Decrypt", ""): "as above",
    ("PublicNotFound", "dynamodb:*", "A*Table"): "as above",
    ("PublicNotFound", "kms:Decrypt", ""): "as above",
    ("NeptieImportLeads", "dynamodb:ConditionCheckItem", "OutreachTable"): "asked of international domains alone",
    ("ManageAddMember", "dynamodb:ConditionCheckItem", "AccountsTable"): "as above",
    (
        "NeptieAssignLeads",
        "dynamodb:DeleteItem",
        "OutreachTable",
    ): "taken back where one of the leads is deleted meanwhile",
    (
        "NeptieListCampaignLeads",
        "dynamodb:Query",
        "OutreachTable/index/leads",
    ): "of leads that earlier releases assigned",
    ("NeptieGenerateEmail", "bedrock:InvokeModel", ""): "no stand-in has Bedrock; tests of units play the model",
    ("NeptuneReadAppNotifications", "dynamodb:GetItem", "AudienceTable"): "of a profile that just became a user",
    ("PipelineDeliver*", "dynamodb:*GetItem", "ActivityTable"): "a large message is read; tests send those by e-mail",
    ("Pipeline*", "sqs:*", "*Queue"): "the channels and priorities are alike, and tests go through some of them",
    ("PipelineSweepDeliveries", "dynamodb:*Item", "OutreachTable"): "goes on with erasures that a request left",
    ("ManageEraseUser", "sqs:*", "*DeadLetterQueue"): "the queues are alike, and tests bury letters in some",
    ("PipelineSweepDeliveries", "sqs:GetQueueAttributes", "*Queue"): "asked once deliveries of the channel are stuck",
}


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every policy document of the template with the role or policy that has it, ARNs filled in."""
    resolver = Resolver(stack.translated(), {}, _PSEUDO, _attribute)
    for name, role in stack.of_type("AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            yield name, resolver.resolve(policy["PolicyDocument"])
    for name, policy in stack.of_type("AWS::IAM::ManagedPolicy").items():
        yield name, resolver.resolve(policy["Properties"]["PolicyDocument"])


def _attribute(name: str, attribute: str | None) -> str:
    kind = stack.translated()["Resources"][name]["Type"]
    arn = _ARNS.get(kind)
    if attribute is None and kind != "AWS::SecretsManager::Secret":
        return name
    if arn is None:
        raise ValueError(f"{name}: say in _ARNS how {kind} is named")
    return "arn:aws:" + arn.format(account=ACCOUNT, name=name)


def findings(
    documents: Iterable[tuple[str, dict[str, Any]]],
    analyze: Callable[[str], Iterable[tuple[str, str]]],
    accepted: Mapping[tuple[str, str, str], str],
) -> list[str]:
    """Return a line per finding that is not accepted, and per accepted one that is gone.

    Parameters
    ----------
    analyze
        Returns the findings on a document of one statement: the name of each, and what it says.
    """
    lines: set[str] = set()
    met: set[tuple[str, str, str]] = set()
    for owner, document in documents:
        for statement in stack.listed(document["Statement"]):
            whole = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            for issue, detail in analyze(whole):
                key = (owner, str(statement["Sid"]), issue)
                known = _matching(key, accepted)
                met |= known
                if not known:
                    lines.add(f"{' '.join(key)}: {detail}")
    return [*sorted(lines), *(f"{' '.join(key)}: is accepted, and not found" for key in sorted(set(accepted) - met))]


def _matching(key: Grant, patterns: Iterable[Grant]) -> set[Grant]:
    return {pattern for pattern in patterns if all(map(fnmatchcase, key, pattern))}


def allowed() -> set[Grant]:
    """Return what the functions may: function, action, and table (with its index) or queue, else nothing."""
    found = set()
    for function in stack.functions():
        for statement in stack.policies(function):
            for action in stack.listed(statement["Action"]):
                for resource in stack.listed(statement.get("Resource", "")):
                    found.add((function, action, _name(action, resource)))
    return found


def _name(action: str, resource: Any) -> str:
    if not action.startswith(("dynamodb:", "sqs:")):
        return ""
    index = resource.get("Fn::Sub", "").partition("/index/")[2]
    return stack.target(resource) + (f"/index/{index}" if index else "")


def used(folder: Path) -> set[Grant]:
    """Return what the tests recorded of what functions needed; tests have functions of their own, too."""
    names = {name: name for name in stack.functions()}
    names |= {"/".join(stack.folder(name).parts[-2:]): name for name in stack.functions()}
    lines = [line for path in folder.iterdir() for line in path.read_text(encoding="utf-8").splitlines()]
    entries = [line.split("\t") for line in lines]
    return {(names[function], action, name) for function, action, name in entries if function in names}


def _is_of_lambda(grant: Grant) -> bool:
    """Tell whether Lambda needs it, to feed a function from its queue."""
    function, action, queue = grant
    return stack.consumers().get(queue) == function and action in {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    }


def differences(may: set[Grant], needed: set[Grant], unused: Mapping[Grant, str]) -> list[str]:
    """Return a line for each difference between what functions may and what they needed."""
    idle = {grant for grant in may - needed if not _is_of_lambda(grant)}
    known = {grant: _matching(grant, unused) for grant in idle}
    gone = set(unused).difference(*known.values())
    return [
        *(f"{' '.join(grant)}: is used, and the policy does not allow it" for grant in sorted(needed - may)),
        *(f"{' '.join(grant)}: is allowed, and no test uses it" for grant in sorted(idle) if not known[grant]),
        *(f"{' '.join(key)}: is an exception, and used or not allowed" for key in sorted(gone)),
    ]


def _findings() -> list[str]:
    return findings(documents(), _parliament, ACCEPTED)


def _parliament(document: str) -> list[tuple[str, str]]:
    import parliament

    return [(found.issue, str(found.detail)) for found in parliament.analyze_policy_string(document).findings]


def main() -> int:
    """Print what is wrong; return how the program ends."""
    parser = argparse.ArgumentParser(description="Check the policies of the template.")
    parser.add_argument("--used", type=Path, metavar="FOLDER", help="what the tests recorded")
    folder = parser.parse_args().used
    lines = _findings() if folder is None else differences(allowed(), used(folder), UNUSED)
    print("\n".join(lines) or "the policies are right")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
