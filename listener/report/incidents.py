"""Incidents in a report: what happened, how large it was, and what drove it."""

from typing import Final

from listener.report.words import Words
from models.incident import Incident, Split
from processors.windows import to_ms

_KINDS: Final = {
    "spike": ("جهش اشاره‌ها", "Spike of mentions"),
    "negative": ("جهش منفی", "Negative spike"),
    "engagement": ("جهش تعامل", "Spike of engagement"),
    "drift": ("تغییر آهسته", "Slow drift"),
    "source_silent": ("سکوت یک منبع", "A source fell silent"),
}
_SPLITS: Final = {
    "platform": ("سکو", "platform"),
    "sentiment": ("احساس", "sentiment"),
    "author": ("نویسنده", "author"),
    "publisher": ("ناشر", "publisher"),
    "story": ("موضوع", "story"),
    "hashtag": ("هشتگ", "hashtag"),
    "word": ("واژه", "word"),
    "keyword": ("کلیدواژه", "keyword"),
    "link": ("پیوند", "link"),
}
_PARTS: Final = 3
_EXAMPLES: Final = 2
_TEXT: Final = 200


def incident_words(one: Incident, words: Words) -> dict[str, object]:
    """One incident as texts: ``title``, ``when``, ``size``, ``drivers`` and ``examples``."""
    size = words.say(
        f"{words.number(one.observed)} اشاره به جای {words.number(round(one.expected))}",
        f"{words.number(one.observed)} mentions instead of {words.number(round(one.expected))}",
    )
    if one.factor is not None:
        size += words.say(f" ({words.number(one.factor)} برابر)", f" ({words.number(one.factor)} times)")
    ended = one.resolved_at
    when = words.moment(to_ms(one.started_at))
    if ended is None:
        when += words.say("، هنوز باز", ", still open")
    elif words.moment(to_ms(ended)) != when:
        when += words.say(" تا ", " to ") + words.moment(to_ms(ended))
    explained = one.explanation
    return {
        "title": words.say(*_KINDS[one.kind]),
        "severity": one.severity,
        "when": when,
        "size": size,
        "drivers": [] if explained is None else [_driver(split, words) for split in explained.splits if split.parts],
        "examples": [] if explained is None else [quote.text[:_TEXT] for quote in explained.examples[:_EXAMPLES]],
        "completeness": "" if one.completeness >= 1 else words.percent(one.completeness),
    }


def _driver(split: Split, words: Words) -> str:
    by = words.say(*_SPLITS.get(split.by, (split.by, split.by)))
    parts = words.say("، ", ", ").join(
        f"{part.name} {words.percent(part.percent / 100)}" for part in split.parts[:_PARTS]
    )
    return f"{by}: {parts}"
