"""Accounts: register, log in, stay logged in."""

from nereid.errors import NereidError


class WrongPassword(NereidError):
    """No account has this e-mail address and password."""


class BadRefreshToken(NereidError):
    """The refresh token is unknown, expired or used up."""
