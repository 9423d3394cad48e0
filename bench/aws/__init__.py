"""The AWS of this machine: answers the functions' calls at once, and counts them.

DynamoDB is `local_stack.aws.memory_dynamodb`, whose state and rules are the service's; the other services say yes and
keep what the next function needs.
"""
