"""DynamoDB in memory, for the local stack and for tests that make more calls than moto has time for.

`MemoryDynamoDB` is called as boto3's client is: about 53,000 calls per second on a core on which moto behind boto3
answers 700, so 75 times as many (puts, gets, updates and queries of small items; in transactions moto falls further
behind with each item in the table). `boto` has boto3's own clients answered by it.

It keeps the service's documented rules, also those that moto does not (tests/integration/test_dynamodb_rules.py lists
both), and answers what the stores ask as moto does (tests/integration/test_memory_dynamodb.py). What it does not do
raises NotImplementedError by name. It has no clock and no chance in it: the same calls get the same answers. What has
expired stays until `delete_expired` is called; every read is consistent, and `Table.reading` is where an index could
lag behind its table. Two things are simpler than in the service: an update counts its finished item alone against the
400 KB, and items with the same key in an index stand in the order of their own keys.

`errors`, `nodes` and `values` know nothing of the others. `parsing` with the two parsers makes trees of expressions,
`conditions` and `updates` functions of the trees, once per text. `tables` holds items and indexes, `reading` and
`writes` say what calls do to them, `client` has the calls.
"""

from local_stack.aws.memory_dynamodb.client import MemoryDynamoDB

__all__ = ["MemoryDynamoDB"]
