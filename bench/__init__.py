"""Measures what the product costs, in time, calls, capacity, bytes and money: `python -m bench`, or `make bench`.

It runs the functions as `sam build` made them, against an AWS of its own on this machine that answers at once, counts
every call, and bills capacity units as DynamoDB does. docs/performance.md is written by it, and says how it measures.
"""
