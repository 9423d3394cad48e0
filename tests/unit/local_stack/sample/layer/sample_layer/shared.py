"""Code that the sample's functions share."""

GREETING = "hello"
