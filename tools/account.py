"""Set another password for an account of a stack, or end its sessions: for people who lost theirs, or whose was stolen.

    tools/account.py --stage dev --reset sam@example.com [--ask-password] [--stack nereid-dev]
    tools/account.py --stage dev --end-sessions sam@example.com
    tools/account.py --stage dev --verify sam@example.com

A new password is made up and shown this once, unless it is asked for, and ends all sessions of the account. It works on
the stack's table with the operator's AWS credentials.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from getpass import getpass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "layers" / "nereid"), str(ROOT)]

from nereid.auth.passwords import hash_password  # noqa: E402 - found by the path above
from nereid.aws.access.accounts import DynamoAccountStore  # noqa: E402
from nereid.aws.clients import Clients  # noqa: E402
from nereid.aws.table import Table  # noqa: E402
from nereid.clock import SystemClock  # noqa: E402
from nereid.core.access.sessions import Sessions  # noqa: E402
from nereid.dialects.accounts import MAX_PASSWORD, MIN_PASSWORD  # noqa: E402
from nereid.errors import NotFound, Unavailable  # noqa: E402
from nereid.models.account import Account  # noqa: E402
from nereid.ports.access import AccountStore  # noqa: E402
from tools import stacks  # noqa: E402

_PASSWORD_BYTES = 15


def ask_password() -> str:
    """Ask for a password on the terminal, twice."""
    password = getpass("New password: ")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        sys.exit(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters; nothing was changed.")
    if getpass("Again: ") != password:
        sys.exit("The passwords differ; nothing was changed.")
    return password


def end_sessions(store: AccountStore, account: Account) -> None:
    """End all sessions of an account."""
    Sessions(store, SystemClock(), lambda: "").end_all(account.email)


def reset(store: AccountStore, account: Account, password: str) -> None:
    """Set an account's password and end its sessions; `NotFound` if it was changed just now."""
    end_sessions(store, account)
    store.change_password(account, hash_password(password), SystemClock().now())
    end_sessions(store, account)  # those that began in between


def find(store: AccountStore, email: str) -> Account:
    """Return the account with an address in any spelling; `NotFound` if there is none."""
    account = store.account(email)
    if account is None:
        raise NotFound("account")
    return account


def main() -> None:
    """Read the arguments, do it, say what was done."""
    parser = argparse.ArgumentParser(description="Set another password for an account, or end its sessions.")
    parser.add_argument("--stage", default="dev", help="`local` for the running local stack")
    parser.add_argument("--stack", help="the stack's name where it is not nereid-<stage>")
    parser.add_argument("--reset", metavar="EMAIL", help="set another password, which ends all sessions")
    parser.add_argument("--end-sessions", metavar="EMAIL", help="only end all sessions")
    parser.add_argument("--verify", metavar="EMAIL", help="vouch for the address of an account that registered itself")
    parser.add_argument("--ask-password", action="store_true", help="ask for the new password")
    arguments = parser.parse_args()
    named = [each for each in (arguments.reset, arguments.end_sessions, arguments.verify) if each]
    if len(named) != 1:
        parser.error("whose? make account STAGE=dev RESET=sam@example.com, or END_SESSIONS=..., or VERIFY=...")
    email = named[0].strip().lower()
    try:
        table = Table(Clients(), stacks.physical(arguments.stage, "AccountsTable", arguments.stack))
        store = DynamoAccountStore(table)
        account = find(store, email)
        if arguments.end_sessions:
            end_sessions(store, account)
            print(f"All sessions of {email} are ended; functions notice within a minute.")
            return
        if arguments.verify:
            store.verify_account(account.email, account.id)
            print(f"{email} is verified.")
            return
        password = ask_password() if arguments.ask_password else secrets.token_urlsafe(_PASSWORD_BYTES)
        reset(store, account, password)
    except NotFound:
        sys.exit(f"There is no account {email}, or its password was changed just now; nothing was changed.")
    except (BotoCoreError, ClientError, Unavailable) as error:
        sys.exit(f"AWS: {error}")
    print(f"{email} has a new password, and all its sessions are ended; functions notice within a minute.")
    if not arguments.ask_password:
        print(f"Password (shown this once):\n{password}")


if __name__ == "__main__":
    main()
