"""Leads in the outreach table, with one item per taken address, and how many leads there are of each kind.

A lead, its address and the counts change together in one transaction, so that the counts are exact. Counts are
spread over shards: a transaction adds to one, and transactions that run at the same time seldom meet.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from botocore.exceptions import ClientError

from nereid.aws.campaigns import assigned_key
from nereid.aws.errors import cancellations, is_condition
from nereid.aws.table import Item, Table, digest
from nereid.clock import from_iso
from nereid.errors import AlreadyExists, Unavailable
from nereid.models.lead import Lead, LeadChange, LeadFilter
from nereid.ports import Conflict, UnknownLead

#: Over how many items each count is spread.
SHARDS = 16
#: Most items that one transaction holds.
_MOST = 100
_FAILED = "ConditionalCheckFailed"
_CONTENDED = "TransactionConflict"
