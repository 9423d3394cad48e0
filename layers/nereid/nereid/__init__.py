"""The product's own code, which is in a layer of all functions."""

from nereid import loading

loading.begin()
