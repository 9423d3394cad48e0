"""The product's own code, which is in a layer of all functions."""

import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    from nereid import loading

    loading.begin()
