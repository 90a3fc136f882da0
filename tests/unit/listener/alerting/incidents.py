"""An incident with everything in it."""

from datetime import UTC, datetime

from models.campaign import Campaign
from models.incident import Explanation, Incident, Quote, Share, Signal, Split, Suspicion, Without

CAMPAIGN = Campaign(id="berimo", name="بریمو", team="mobility")
OPENED = datetime(2026, 3, 28, 9, 40, tzinfo=UTC)
QUOTE = Quote(
    "twitter:1",
    "twitter",
    datetime(2026, 3, 28, 9, 31, tzinfo=UTC),
    "سرور <بریمو> قطع شد & باز نمیشه",
    url="https://example.com/1?a=1&b=2",
    engagement=12,
)
INCIDENT = Incident(
    campaign="berimo",
    id="berimo-20260328t0940",
    kind="spike",
    severity="critical",
    started_at=datetime(2026, 3, 28, 9, 30, tzinfo=UTC),
    opened_at=OPENED,
    updated_at=OPENED,
    observed=240,
    expected=31.4,
    direction="rising",
    platform="twitter",
    authors=180,
    stories=12,
    negative=150,
    engagement=900,
    signals=(Signal("mentions", "fast", 0.71, 240, 31.4),),
    occasions=("Nowruz",),
    completeness=0.998,
    delay_s=38.0,
    rule="watch-1 (spikes-2)",
    false_per_week=1.0,
    explanation=Explanation(
        splits=(
            Split("platform", (Share("twitter", 81, 190, 20.0), Share("telegram", 19, 50, 11.4))),
            Split("term", (Share("قطع", 70, 150, 1.0), Share("other", 30, 90, 30.4))),
        ),
        without=(
            Without("author", "3fa9b2c1d0", 12, fires=True),
            Without("story", "سرور بریمو قطع شد", 140, fires=False),
        ),
        first=QUOTE,
        earliest=(QUOTE,),
        examples=(QUOTE,),
        suspicions=(Suspicion("same_text", 64),),
        sampled=240,
    ),
)
