"""The services that need no boto3 in a function, by the names that boto3 has for them."""

from nereid.aws.http.environment import endpoint
from nereid.aws.http.json_service import DynamoDB, JsonService
from nereid.aws.http.limits import Limits
from nereid.aws.http.service import Service


def client(service: str, limits: Limits) -> Service | None:
    """Return a client of a service; None for one that is left to boto3."""
    match service:
        case "dynamodb":
            url = endpoint("dynamodb", "DYNAMODB")
            return DynamoDB(url, "dynamodb", limits, target="DynamoDB_20120810", pause_scale=0.025)
        case "sqs":
            mode = {"x-amzn-query-mode": "true"}
            return JsonService(endpoint("sqs", "SQS"), "sqs", limits, target="AmazonSQS", headers=mode)
        case "secretsmanager":
            url = endpoint("secretsmanager", "SECRETS_MANAGER")
            return JsonService(url, "secretsmanager", limits, target="secretsmanager", version="1.1")
        case "kms":
            url, blobs = endpoint("kms", "KMS"), ("CiphertextBlob", "Plaintext")
            return JsonService(url, "kms", limits, target="TrentService", version="1.1", blobs=blobs)
        case "sesv2":
            from nereid.aws.http.rest_service import Ses

            return Ses(endpoint("email", "SESV2"), "ses", limits)
        case "sns":
            from nereid.aws.http.query_service import Sns

            return Sns(endpoint("sns", "SNS"), "sns", limits)
    return None
