from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_stack.aws.resources import Cloud, ResourceError
from local_stack.template.deployment import Deployer, Deployment
from local_stack.template.translation import LOCAL_BUCKET, TemplateError, load

Write = Callable[[str, str], Path]
BASE = "http://127.0.0.1:1"


def deploy(cloud: Cloud, template: dict[str, Any], **parameters: str) -> Deployment:
    return Deployer(template, Path("/code"), cloud, parameters, BASE).deploy()


@pytest.fixture
def sample(cloud: Cloud, sample_template: Path) -> Deployment:
    translated = load(sample_template, "us-east-1", ["BaseUrl"])
    return Deployer(
        translated, sample_template.parent, cloud, {"BaseUrl": BASE, "EmailFrom": "a@b.test"}, BASE
    ).deploy()


def test_functions_get_what_they_refer_to(sample: Deployment, cloud: Cloud) -> None:
    environment = sample.functions["ApiFunction"].environment
    assert environment["TABLE"] == "test-Table"
    assert environment["QUEUE_URL"].endswith("/test-WorkQueue")
    assert environment["BASE_URL"] == BASE
    assert environment["STAGE"] == "dev-stage"
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=environment["SECRET_ARN"])["SecretString"]
    assert len(secret) == 64
    assert secret.isalnum()


def test_functions_are_run_from_their_folders(sample: Deployment, sample_template: Path) -> None:
    spec = sample.functions["Slow"]
    assert spec.code == sample_template.parent / "functions/slow/"
    assert spec.layers == (sample_template.parent / "layer/",)
    assert (spec.timeout, spec.memory, spec.handler) == (1.0, 128, "app.handler")


def test_tables_are_the_templates_own(sample: Deployment, cloud: Cloud) -> None:
    name = sample.functions["ApiFunction"].environment["TABLE"]
    table = cloud.client("dynamodb").describe_table(TableName=name)["Table"]
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    expiry = cloud.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_queues_have_their_attributes(sample: Deployment, cloud: Cloud) -> None:
    (mapping,) = sample.mappings
    answer = cloud.client("sqs").get_queue_attributes(QueueUrl=mapping.queue_url, AttributeNames=["All"])
    assert answer["Attributes"]["VisibilityTimeout"] == "30"
    assert "test-DeadLetterQueue" in answer["Attributes"]["RedrivePolicy"]
    assert (mapping.function, mapping.batch_size, mapping.partial) == ("Worker", 10, True)


def test_a_resource_whose_condition_does_not_hold_is_not_made(sample: Deployment, cloud: Cloud) -> None:
    assert sample.outputs == {"Url": f"{BASE}/"}
    assert not any("Absent" in url for url in cloud.client("sqs").list_queues()["QueueUrls"])


def test_schedules_and_rules_are_found(sample: Deployment) -> None:
    by_schedule = {rule.schedule: rule for rule in sample.rules}
    assert by_schedule["rate(1 day)"].targets[0].input == '{"nightly": true}'
    assert by_schedule[None].pattern == {
        "source": ["aws.ses"],
        "detail": {"mail": {"tags": {"ses:configuration-set": ["test-ConfigurationSet"]}}},
    }
    assert sample.destinations == {"test-ConfigurationSet": {"BOUNCE", "CLICK"}}


def test_a_type_that_is_not_known_is_said_aloud(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    deploy(cloud, {"Resources": {"Files": {"Type": "AWS::EFS::FileSystem"}}})
    assert "Files is a AWS::EFS::FileSystem" in capsys.readouterr().err


def test_a_type_without_effect_is_passed_over(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    deploy(cloud, {"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm"}}})
    assert capsys.readouterr().err == ""


def policy(action: str, *resources: Any) -> dict[str, Any]:
    """Return a policy document that allows one action."""
    return {"Statement": {"Effect": "Allow", "Action": action, "Resource": list(resources)}}


def function(role: str) -> dict[str, Any]:
    """Return a function with a role."""
    code = {"S3Bucket": LOCAL_BUCKET, "S3Key": "f/"}
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Handler": "app.handler", "Code": code, "Role": {"Fn::GetAtt": [role, "Arn"]}},
    }


def test_a_function_may_do_what_its_role_and_the_templates_managed_policies_say(cloud: Cloud) -> None:
    resources = {
        "F": function("Role"),
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess", {"Ref": "Shared"}],
                "Policies": [{"PolicyName": "own", "PolicyDocument": policy("sqs:SendMessage", "q")}],
            },
        },
        "Shared": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy("sns:Publish", "t")}},
        "Other": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy("s3:GetObject", "b")}},
    }
    statements = deploy(cloud, {"Resources": resources}).functions["F"].statements
    assert statements is not None
    assert [statement["Action"] for statement in statements] == ["sqs:SendMessage", "sns:Publish"]


def test_an_api_may_invoke_what_the_role_of_its_integrations_may(cloud: Cloud) -> None:
    integration = {"credentials": {"Fn::GetAtt": ["Invoker", "Arn"]}}
    paths = {"/f": {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}}
    invoke = policy("lambda:InvokeFunction", {"Fn::GetAtt": ["F", "Arn"]})
    resources = {
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": {"paths": paths}}},
        "Invoker": {
            "Type": "AWS::IAM::Role",
            "Properties": {"Policies": [{"PolicyName": "invoke", "PolicyDocument": invoke}]},
        },
        "F": function("Role"),
        "G": function("Role"),
        "Role": {"Type": "AWS::IAM::Role"},
    }
    deployment = deploy(cloud, {"Resources": resources})
    (role,) = deployment.invokers
    assert deployment.may_invoke(role, "F")
    assert not deployment.may_invoke(role, "G")
    assert deployment.may_invoke("arn:aws:iam::123456789012:role/of-another-stack", "G")


def test_a_circle_is_an_error(cloud: Cloud) -> None:
    def topic(other: str) -> dict[str, Any]:
        return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::GetAtt": [other, "TopicName"]}}}

    with pytest.raises(ResourceError, match="A -> B -> A"):
        deploy(cloud, {"Resources": {"A": topic("B"), "B": topic("A")}})


def test_an_error_names_its_resource(cloud: Cloud) -> None:
    with pytest.raises(ResourceError, match="Broken"):
        deploy(cloud, {"Resources": {"Broken": {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema": []}}}})


def test_other_data_bearing_types_are_made_too(cloud: Cloud) -> None:
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}},
        "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/x", "TargetKeyId": {"Ref": "Key"}}},
        "Setting": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v", "Name": "/a"}},
        "Files": {"Type": "AWS::S3::Bucket"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                "RawMessageDelivery": True,
            },
        },
    }
    outputs = {"Topic": {"Value": {"Ref": "Topic"}}, "Queue": {"Value": {"Ref": "Queue"}}}
    made = deploy(cloud, {"Resources": resources, "Outputs": outputs}).outputs
    cloud.client("sns").publish(TopicArn=made["Topic"], Message="through")
    assert cloud.client("sqs").receive_message(QueueUrl=made["Queue"])["Messages"][0]["Body"] == "through"
    assert cloud.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "v"


def test_a_deployment_can_be_repeated_on_an_emulator_that_kept_its_data(cloud: Cloud, sample_template: Path) -> None:
    translated = load(sample_template, "us-east-1", [])
    first, second = (Deployer(translated, Path("/"), cloud, {}, BASE).deploy() for _ in range(2))
    assert first.functions["ApiFunction"].environment == second.functions["ApiFunction"].environment


def test_a_translation_is_kept_until_the_template_changes(write: Write, tmp_path: Path, sample_template: Path) -> None:
    text = sample_template.read_text(encoding="utf-8")
    path = write("template.yaml", text)
    first = load(path, "us-east-1", ["BaseUrl"], tmp_path / "cache")
    assert load(path, "us-east-1", ["BaseUrl"], tmp_path / "cache") == first
    write("template.yaml", text.replace("Timeout: 5", "Timeout: 6"))
    changed = load(path, "us-east-1", ["BaseUrl"], tmp_path / "cache")
    assert changed["Resources"]["Broken"]["Properties"]["Timeout"] == 6
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize("text", ["- a\n", "a: [", "Resources: {F: {Type: AWS::Serverless::Function}}\n"])
def test_a_template_that_is_none_is_an_error(write: Write, text: str) -> None:
    with pytest.raises(TemplateError):
        load(
            write("template.yaml", f"Transform: AWS::Serverless-2016-10-31\n{text}" if "Res" in text else text), "r", []
        )
