"""Dashboards of brand teams: a campaign live, all KPIs, and how well texts are understood."""

from typing import Final

from deploy.grafana.panels import Board, Panel, Row, line, stat
from listener.kpis.rules import panel_query, record_name
from models.kpis import BESIDE, KPIS, Kpi

_MINE: Final = 'campaign=~"$campaign"'
_ENGAGEMENT: Final = ("likes", "comments", "shares", "quotes", "saves", "views")
_MATCHED: Final = (
    'sum by (topic) (listener:records:rate5m{outcome="counted"}) / (sum by (topic) (listener:records:rate5m) > 0)'
)
#: Made of mentions, not of cells: boards tell it on their pages and in reports, not as a metric.
_NOT_IN_CELLS: Final = {"potential_reach"}
_UNITS: Final = {"ratio": "percentunit", "seconds": "s"}


def closed(counter: str) -> str:
    """The closed minutes of the chosen window, of all platforms."""
    chosen = f'listener_campaign_closed_{counter}{{{_MINE}, window="$window"}}'
    return f"sum by (campaign) (max by (campaign, platform) ({chosen}))"


def lifetime(series: str) -> str:
    """Since the campaign began, of all platforms."""
    return f"sum by (campaign) (max by (campaign, platform) (listener_campaign_{series}{{{_MINE}}}))"


def _share(part: str, *whole: str) -> str:
    return f"{closed(part)} / (({' + '.join(map(closed, whole))}) > 0)"


def _target(name: str) -> tuple[str, str]:
    return f"max by (campaign, kpi, part) (listener_target{name}{{{_MINE}}})", "{{campaign}}: {{kpi}} {{part}}"


def _both(title: str, description: str, counters: tuple[str, ...], *, net: bool) -> Panel:
    suffix = "_net" if net else "_total"
    return line(
        title, description, *((lifetime(f"{one}{suffix}"), f"{{{{campaign}}}}: {one}") for one in counters), width=12
    )


CAMPAIGN: Final = Board(
    "listener-campaign",
    "Listener: کمپین (campaign)",
    "A campaign live: mentions, engagement, sentiment, press, targets. Incidents are marked on every panel.",
    (
        Row(
            "اکنون: now",
            (
                stat("اشاره: mentions", "In closed minutes of the window.", (closed("mentions"), "{{campaign}}")),
                stat("بازتاب خبری: press", "Articles in the window.", (closed("press_mentions"), "{{campaign}}")),
                stat(
                    "کامل بودن: completeness",
                    "Of the last closed minute.",
                    (f"min by (campaign) (listener_campaign_completeness{{{_MINE}}})", "{{campaign}}"),
                    unit="percentunit",
                ),
                stat(
                    "تأخیر بستن: closing delay",
                    "From the end of a minute to its closing.",
                    (f"max by (campaign) (listener_campaign_closing_delay_seconds{{{_MINE}}})", "{{campaign}}"),
                    unit="s",
                ),
                stat(
                    "آخرین دقیقه: last minute",
                    "Age of the last closed minute.",
                    (
                        f"time() - max by (campaign) (listener_campaign_closed_timestamp_seconds{{{_MINE}}})",
                        "{{campaign}}",
                    ),
                    unit="s",
                ),
                stat(
                    "سهم صدا: share of voice",
                    "Within the group of the campaign.",
                    (panel_query(BESIDE["share_of_voice"]), "{{campaign}} {{part}}"),
                    unit="percentunit",
                ),
            ),
        ),
        Row(
            "گفت‌وگو: conversation",
            (
                line(
                    "اشاره به تفکیک شبکه: mentions by platform",
                    "Closed minutes of the window.",
                    (
                        f'max by (campaign, platform) (listener_campaign_closed_mentions{{{_MINE}, window="$window"}})',
                        "{{campaign}}: {{platform}}",
                    ),
                    width=12,
                ),
                line(
                    "تعامل: engagement",
                    "Closed minutes of the window.",
                    *((closed(one), f"{{{{campaign}}}}: {one}") for one in _ENGAGEMENT),
                    width=12,
                ),
                line(
                    "پاسخ‌های خود برند: own replies",
                    "Comments by the campaign's own accounts: in the window, and since the beginning.",
                    (closed("own_replies"), "{{campaign}}: window"),
                    (lifetime("own_replies_total"), "{{campaign}}: all"),
                    width=24,
                ),
                line(
                    "احساس: sentiment",
                    "Mentions of the window by what they feel.",
                    *(
                        (closed(f"mentions_{one}"), f"{{{{campaign}}}}: {one}")
                        for one in ("positive", "neutral", "negative")
                    ),
                    width=12,
                ),
                line(
                    "احساس در خبرها: sentiment of the press",
                    "Articles of the window by what they feel.",
                    *(
                        (closed(f"press_{one}"), f"{{{{campaign}}}}: {one}")
                        for one in ("positive", "neutral", "negative")
                    ),
                    width=12,
                ),
            ),
        ),
        Row(
            "هدف: targets",
            (
                line("تحقق: attainment", "Actual of target.", _target("_attainment"), unit="percentunit"),
                line("آهنگ: pace", "Actual of what is expected by now.", _target("_pace"), unit="percentunit"),
                line(
                    "از دست می‌رود: will be missed",
                    "1 when even the better end of the forecast misses it.",
                    _target("_will_miss"),
                ),
                line(
                    "هدف و اکنون: target, actual, expected, forecast",
                    "In the unit of the KPI.",
                    _target(""),
                    _target("_actual"),
                    _target("_expected"),
                    _target("_forecast"),
                    width=24,
                ),
            ),
        ),
        Row(
            "از آغاز: since the beginning",
            (
                _both(
                    "خالص: net",
                    "Now: what was taken back or deleted is not in.",
                    ("mentions", *_ENGAGEMENT, "press_mentions"),
                    net=True,
                ),
                _both("ناخالص: gross", "Only grows.", ("mentions", *_ENGAGEMENT, "press_mentions"), net=False),
            ),
        ),
    ),
    variables=("campaign", "window"),
    spikes=True,
    range="now-24h",
)


def _kpi(kpi: Kpi) -> Panel:
    unit = _UNITS.get(kpi.unit, "short")
    title = f"{kpi.title.fa}: {kpi.title.en}"
    description = f"{record_name(kpi)}, in {kpi.unit}. See docs/reference/kpis.md#{kpi.id}."
    return line(title, description, (panel_query(kpi), "{{campaign}} {{part}} {{label}} {{currency}}"), unit=unit)


KPI: Final = Board(
    "listener-kpis",
    "Listener: شاخص‌ها (KPIs)",
    "All 24 KPIs and what stands beside them, over the chosen window.",
    (
        Row("شاخص‌ها: the 24", tuple(map(_kpi, KPIS.values()))),
        Row("در کنار آن‌ها: beside them", tuple(_kpi(kpi) for name, kpi in BESIDE.items() if name not in _NOT_IN_CELLS)),
    ),
    variables=("campaign", "window"),
    spikes=True,
    range="now-7d",
)

TEXT: Final = Board(
    "listener-text",
    "Listener: quality of texts",
    "Matching, relevance and sentiment: how they move says whether campaign files and models still fit.",
    (
        Row(
            "Models and matching",
            (
                line(
                    "Models",
                    "1 for a model that judges, 0 for a missing one.",
                    ("min by (model) (listener_models_loaded)", "{{model}}"),
                ),
                line(
                    "Matched",
                    "Share of the records of posts and press that a campaign looks for.",
                    (
                        _MATCHED,
                        "{{topic}}",
                    ),
                    unit="percentunit",
                ),
            ),
        ),
        Row(
            "Relevance and sentiment",
            (
                line(
                    "Relevant",
                    "Share of the mentions of the window.",
                    (_share("relevant_mentions", "mentions"), "{{campaign}}"),
                    unit="percentunit",
                    width=12,
                ),
                line(
                    "Relevant, press",
                    "Share of the articles of the window.",
                    (_share("relevant_press_mentions", "press_mentions"), "{{campaign}}"),
                    unit="percentunit",
                    width=12,
                ),
                line(
                    "Sentiment, shares",
                    "Of the mentions that were judged; a jump of all campaigns at once is the model, not the brands.",
                    *(
                        (
                            _share(f"mentions_{one}", "mentions_positive", "mentions_neutral", "mentions_negative"),
                            f"{{{{campaign}}}}: {one}",
                        )
                        for one in ("positive", "neutral", "negative")
                    ),
                    unit="percentunit",
                    width=12,
                ),
                line(
                    "Judged since the beginning",
                    "Mentions and articles by judgement.",
                    *(
                        (lifetime(f"{one}_total"), f"{{{{campaign}}}}: {one}")
                        for one in (
                            "relevant_mentions",
                            "relevant_press_mentions",
                            "mentions_positive",
                            "mentions_neutral",
                            "mentions_negative",
                            "press_positive",
                            "press_neutral",
                            "press_negative",
                        )
                    ),
                    width=12,
                ),
            ),
        ),
    ),
    variables=("campaign", "window"),
    range="now-7d",
)
