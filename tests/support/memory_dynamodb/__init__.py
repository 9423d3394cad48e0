"""DynamoDB in memory, for tests that make more calls than moto has time for."""

from tests.support.memory_dynamodb.client import MemoryDynamoDB

__all__ = ["MemoryDynamoDB"]
