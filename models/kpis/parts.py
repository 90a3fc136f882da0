"""The expressions that several KPIs share."""

from typing import Final

from models.kpis.formula import Choice, Expr, Minus, Money, Sum

CHANNEL: Final = "channel:"
SESSIONS: Final = Sum("web", ("sessions",), CHANNEL)
ENGAGED: Final = Sum("web", ("engaged_sessions",), CHANNEL)
IMPRESSIONS: Final = Sum("spend", ("impressions",))
CLICKS: Final = Sum("spend", ("clicks",))
VIEWS: Final = Sum("posts", ("views",))
ALL_SPEND: Final = Money("spend", "cost")
MEDIA_SPEND: Final = Money("spend", "cost", "media:")
SPEND: Final = Choice("spend", {"all": ALL_SPEND, "media": MEDIA_SPEND})
REVENUE: Final = Minus(Money("people", "revenue", "currency:"), Money("people", "refunded", "currency:"))
NEW_CUSTOMERS: Final = Sum("people", ("new_customers",), "all")
ORDERS: Final = Sum("people", ("orders",), "all")


def people(metric: str) -> Expr:
    """A count of people events."""
    return Sum("people", (metric,), "all")


def channel(name: str) -> Expr:
    """Sessions of one channel."""
    return Sum("web", ("sessions",), f"channel:{name}")


def post(metric: str) -> Expr:
    """A counter of posts, gross."""
    return Sum("posts", (metric,))


def post_net(metric: str) -> Expr:
    """A counter of posts, net."""
    return Sum("posts", (f"{metric}_net",))
