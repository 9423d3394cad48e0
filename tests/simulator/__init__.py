"""Runs the product under faults: the real functions over an AWS in memory, with a clock and a scheduler of its own.

See docs/faults.md.
"""
