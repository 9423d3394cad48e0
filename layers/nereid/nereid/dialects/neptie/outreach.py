"""Answers of the Neptie API about AI, e-mail and analytics; see dialects/neptie for the rest of its form."""

from collections.abc import Sequence
from typing import Any

from nereid.clock import to_iso
from nereid.dialects.http import Request
from nereid.errors import Invalid
from nereid.models.campaign import Performance
from nereid.models.lead_email import EmailAccount, Fact, OutgoingEmail, Standing
from nereid.models.ranking import Factor, Ranking

_TOTALS: tuple[Fact, ...] = ("sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed")
_TRENDS: tuple[Fact, ...] = ("sent", "delivered", "opened", "clicked", "bounced", "unsubscribed")
_TIERS = ("hot", "warm", "cold")


def idempotency_key(request: Request) -> str | None:
    """Return the key that a request came with; `Invalid` if it is too long."""
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > 256:
        raise Invalid({"Idempotency-Key": "Idempotency-Key must be at most 256 characters"})
    return key or None


def rankings_object(rankings: Sequence[Ranking], criteria: dict[str, Any]) -> dict[str, Any]:
    """Return a ranking with its summary."""
    scores = [each.score for each in rankings]
    return {
        "rankings": [
            {**each._asdict(), "factors": [_factor_object(factor) for factor in each.factors]} for each in rankings
        ],
        "summary": {
            "total": len(rankings),
            "average_score": round(sum(scores) / len(scores), 1),
            "top_lead_id": rankings[0].lead_id,
            "tiers": {tier: sum(1 for each in rankings if each.tier == tier) for tier in _TIERS},
            "criteria": criteria,
        },
    }


def _factor_object(factor: Factor) -> dict[str, Any]:
    weight = int(factor.weight) if factor.weight.is_integer() else factor.weight
    return {**factor._asdict(), "weight": weight}


def performance_object(performance: Performance) -> dict[str, Any]:
    """Return a campaign's numbers, in all and for each day."""
    counts = {fact: performance.totals.get(fact, 0) for fact in _TOTALS}
    metrics: dict[str, Any] = {}
    for fact, how_many in counts.items():
        metrics[fact] = how_many
        if fact == "clicked":
            metrics["replied"] = 0  # no provider reports replies
    metrics |= {
        "delivery_rate": performance.rate("delivered", "sent"),
        "open_rate": performance.rate("opened", "delivered"),
        "click_rate": performance.rate("clicked", "delivered"),
        "reply_rate": 0.0,
        "bounce_rate": performance.rate("bounced", "sent"),
        "unsubscribe_rate": performance.rate("unsubscribed", "delivered"),
        "leads_assigned": performance.leads_assigned,
    }
    trends = [
        {"date": day.isoformat(), **{fact: facts.get(fact, 0) for fact in _TRENDS}}
        for day, facts in performance.days.items()
    ]
    return {"metrics": metrics, "trends": trends}


def email_object(email: OutgoingEmail, standing: Standing) -> dict[str, Any]:
    """Return an e-mail with its status."""
    return {
        "id": email.id,
        "campaign_id": email.campaign_id,
        "lead_id": email.lead_id,
        "subject": email.subject,
        "status": standing.status,
        "reason": standing.reason,
        "created_at": to_iso(email.created_at),
        "updated_at": to_iso(standing.updated_at),
    }


def email_account_object(account: EmailAccount) -> dict[str, Any]:
    """Return a connected mailbox."""
    return {
        "id": account.id,
        "email": account.email,
        "provider": account.provider,
        "status": account.status,
        "created_at": to_iso(account.created_at),
    }
