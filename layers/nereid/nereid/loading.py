"""What is loaded when a function starts is not searched for garbage.

It is 60,000 to 100,000 objects, and all of them stay. Python would look through the newest of them whenever there are
2,000 more, and through all now and then: that takes 20 ms and more of a cold start.
"""

import gc
import os


def begin() -> None:
    """Leave garbage alone until `end`, in a function of Lambda; elsewhere nobody would call that."""
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        gc.disable()


def end() -> None:
    """Look for garbage from now on, but not in what was loaded. Without `begin`, do nothing."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
