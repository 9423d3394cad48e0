"""Sessions: logins, which refresh tokens carry on until somebody ends them."""

import base64
import binascii
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from nereid.auth import tokens
from nereid.errors import BadRefreshToken, NotFound, NotVerified, TeamStopped
from nereid.models.account import ACCESS_SECONDS, Account, Exchange, LoggedIn, Session
from nereid.ports.access import AccountStore
from nereid.ports.clock import Clock

#: How long a refresh token is good, and how long all of a login's are.
_REFRESH_LIFE, _SESSION_LIFE = timedelta(days=30), timedelta(days=90)
#: How long a token that was exchanged is answered again: for two tabs that refresh at once, and for lost answers.
_AGAIN = timedelta(seconds=10)
_REFRESH_PREFIX = "rt_"
_ID_BYTES = 16
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Sessions:
    """Begins sessions, carries them on and ends them.

    Parameters
    ----------
    secret
        Returns the secret of tokens.
    """

    store: AccountStore
    clock: Clock
    secret: Callable[[], str]

    def begin(self, account: Account) -> LoggedIn:
        """Begin a session; `NotFound` if the account is gone, or has another password or role by now."""
        now = self.clock.now().replace(microsecond=0)
        session_id = uuid.uuid4()
        raw = session_id.bytes + secrets.token_bytes(_SECRET_BYTES)
        session = Session(
            id=str(session_id),
            email=account.email,
            token_hash=_hash(raw),
            begun_at=now,
            expires_at=now + _REFRESH_LIFE,
        )
        self.store.begin_session(session, now + _SESSION_LIFE, account)
        return self._logged_in(account, session.id, raw)

    def refresh(self, refresh_token: str) -> LoggedIn:
        """Exchange a refresh token for a new pair.

        Within ten seconds of its exchange, a token gives the same new one again. After that its use ends the session.

        Raises
        ------
        BadRefreshToken, NotVerified, TeamStopped
        """
        raw = _raw(refresh_token)
        if raw is None:
            raise BadRefreshToken
        while True:
            session = self.store.session(str(uuid.UUID(bytes=raw[:_ID_BYTES])))
            if session is None or session.expires_at <= self.clock.now():
                raise BadRefreshToken
            account = self.store.account(session.email)
            if account is None or _is_forgotten(session, account) or _is_older(session, account):
                raise BadRefreshToken
            if compare_digest(session.token_hash, _hash(raw)):
                self.check_account(account)
                try:
                    return self._exchange(session, account, raw)
                except NotFound:
                    # It was exchanged, or the session ended, since it was read.
                    continue
            newest = _newest(session, raw, self.clock.now())
            if newest is None:
                # Its id is known to holders of its tokens alone, so this is one of them, and not the last.
                self.end(session.email, session.id)
                raise BadRefreshToken
            self.check_account(account)
            return self._logged_in(account, session.id, newest)

    def check_account(self, account: Account) -> None:
        """Raise `NotVerified`, or `TeamStopped`, if an account may not be logged in."""
        if not account.verified:
            raise NotVerified
        team = self.store.team(account.team_id)
        if team is None or team.stopped_at is not None:
            raise TeamStopped(account.team_id)

    def end(self, email: str, session_id: str) -> None:
        """End a session: its refresh tokens, and its access tokens as soon as functions look it up again."""
        self.store.end_session(email, session_id)

    def end_all(self, email: str, but: str | None = None) -> None:
        """End all sessions of an account, but perhaps one."""
        for session_id in self.store.sessions(email):
            if session_id != but:
                self.store.end_session(email, session_id)

    def _exchange(self, session: Session, account: Account, raw: bytes) -> LoggedIn:
        now = self.clock.now()
        nonce = secrets.token_hex(16)
        following = _following(raw, nonce)
        begun_at = session.begun_at
        if begun_at is None:  # a login of former versions, which stands in no list yet
            begun_at = now.replace(microsecond=0)
            self.store.list_session(session, begun_at + _SESSION_LIFE)
        recent = [each for each in session.former if now < each.at + _AGAIN]
        renewed = Session(
            id=session.id,
            email=session.email,
            token_hash=_hash(following),
            begun_at=begun_at,
            expires_at=min(now.replace(microsecond=0) + _REFRESH_LIFE, begun_at + _SESSION_LIFE),
            former=[*recent, Exchange(token_hash=session.token_hash, nonce=nonce, at=now)],
        )
        # Comes last: whatever fails before leaves the token valid.
        self.store.renew_session(renewed, session.token_hash)
        return self._logged_in(account, session.id, following)

    def _logged_in(self, account: Account, session_id: str, raw: bytes) -> LoggedIn:
        refresh_token = _REFRESH_PREFIX + base64.urlsafe_b64encode(raw).decode()
        return LoggedIn(account, self._access_token(account, session_id), refresh_token)

    def _access_token(self, account: Account, session_id: str) -> str:
        now = self.clock.now().replace(microsecond=0)
        claims = {
            "sub": account.id,
            "sid": session_id,
            "team": account.team_id,
            "role": account.role,
            "environment": account.environment,
            "email": account.email,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + timedelta(seconds=ACCESS_SECONDS),
        }
        return tokens.sign(self.secret(), "nereid:account", claims)


def _newest(session: Session, raw: bytes, now: datetime) -> bytes | None:
    """Return the valid token that followed one which was exchanged just now; None if this one was not."""
    for position, exchange in enumerate(session.former):
        if compare_digest(exchange.token_hash, _hash(raw)) and now < exchange.at + _AGAIN:
            for each in session.former[position:]:
                raw = _following(raw, each.nonce)
            return raw
    return None


def _following(raw: bytes, nonce: str) -> bytes:
    """Return the token that follows one: who has this one can be given it again, and no store needs to hold it."""
    return raw[:_ID_BYTES] + hmac.digest(raw[_ID_BYTES:], nonce.encode(), hashlib.sha256)


def _is_forgotten(session: Session, account: Account) -> bool:
    """Tell whether it is a login of former versions, which are in no list, from before the password was changed."""
    return session.begun_at is None and account.password_changed_at is not None


def _is_older(session: Session, account: Account) -> bool:
    """Tell whether it is a login of an account that had the address before."""
    # Former versions noted no beginning; from the last exchange on, a session has the life of a token.
    begun_at = session.begun_at or session.expires_at - _REFRESH_LIFE
    return begun_at < account.created_at.replace(microsecond=0)


def _raw(refresh_token: str) -> bytes | None:
    """Return the bytes of a refresh token, which begin with the session's id; None if it is none of ours."""
    try:
        raw = base64.b64decode(refresh_token.removeprefix(_REFRESH_PREFIX), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    is_ours = refresh_token.startswith(_REFRESH_PREFIX) and len(raw) == _ID_BYTES + _SECRET_BYTES
    return raw if is_ours else None


def _hash(raw: bytes) -> str:
    # Of the token as it is sent, as in former versions. A plain SHA-256, because a token is random: there is nothing to
    # guess that a slow hash would protect.
    return hashlib.sha256(_REFRESH_PREFIX.encode() + base64.urlsafe_b64encode(raw)).hexdigest()
