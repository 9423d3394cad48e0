"""Ordinary load instead of faults: `make load` runs the product's own functions within the limits of AWS's services."""
