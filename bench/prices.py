"""AWS's list prices, in US dollars, of us-east-1, as of 2026-11: without any free tier or discount.

Sources: the services' own pages of prices, https://aws.amazon.com/SERVICE/pricing/.
"""

from __future__ import annotations

AS_OF = "November 2026"
REGION = "us-east-1"
_MILLION = 1_000_000

#: DynamoDB on demand: a unit of reading and of writing. https://aws.amazon.com/dynamodb/pricing/on-demand/
READ_UNIT, WRITE_UNIT = 0.125 / _MILLION, 0.625 / _MILLION
#: A GB for a month: of tables and indexes, and of tables again with point-in-time recovery.
STORED_GB, RECOVERABLE_GB = 0.25, 0.20
#: A request to a standard queue, of at most 64 KiB. https://aws.amazon.com/sqs/pricing/
QUEUE_REQUEST = 0.40 / _MILLION
#: An invocation, and a second of a GB, of arm64. https://aws.amazon.com/lambda/pricing/
INVOCATION, GB_SECOND = 0.20 / _MILLION, 0.0000133334
#: A request to an HTTP API, of at most 512 KB. https://aws.amazon.com/api-gateway/pricing/
API_REQUEST, API_REQUEST_BYTES = 1.00 / _MILLION, 512 * 1024
#: A GB taken into logs; each line counts 26 bytes more. https://aws.amazon.com/cloudwatch/pricing/
LOG_GB, LOG_LINE_BYTES = 0.50, 26
#: A trace of X-Ray that is recorded, and how many of the invocations are. https://aws.amazon.com/xray/pricing/
TRACE, TRACED = 5.00 / _MILLION, 0.05
#: For a month: a metric of an alarm, a metric of one's own, a key, a secret.
#: https://aws.amazon.com/kms/pricing/ https://aws.amazon.com/secrets-manager/pricing/
ALARM_METRIC, METRIC, KEY, SECRET = 0.10, 0.30, 1.00, 0.40
#: Dashboards of an account that cost nothing.
FREE_DASHBOARDS = 3
#: What SES takes for a mail, on top of everything here. https://aws.amazon.com/ses/pricing/
MAIL, MAIL_LARGE = 0.10 / 1000, 0.16 / 1000
#: A GB and a month, as these prices mean them.
GB, MONTH_SECONDS = 1e9, 365 * 24 * 3600 / 12
