"""The product's own code, which is in a layer of all functions."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # A function's modules are 60,000 objects and more, and none of them is garbage. To look for some after every 2,000,
    # as Python does, takes 20 ms of a cold start.
    gc.set_threshold(20_000)
