"""An incident in words, Persian and English: the annotations of its alert. Every number comes from the incident."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import jdatetime  # type: ignore[import-untyped]

from models.campaign import Campaign
from models.incident import Incident, Split, Without

_DIGITS: Final = str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫")
_MONTHS: Final = (
    *("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور"),
    *("مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"),
)
_WEEKDAYS: Final = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
#: (English, Persian) of each.
KINDS: Final = {
    "spike": ("Spike", "جهش یادکردها"),
    "negative": ("Negative spike", "جهش یادکردهای منفی"),
    "engagement": ("Engagement spike", "جهش تعامل"),
    "drift": ("Slow rise", "افزایش آهسته"),
    "source_silent": ("Source silent", "سکوت یک منبع"),
}
_DIRECTION: Final = {
    "rising": ("still rising", "همچنان رو به افزایش"),
    "steady": ("steady", "ثابت"),
    "falling": ("falling", "رو به کاهش"),
}
BY: Final = {
    "platform": ("By platform", "به تفکیک شبکه"),
    "source": ("By source", "به تفکیک منبع"),
    "author": ("By author", "به تفکیک نویسنده"),
    "story": ("By story", "به تفکیک روایت"),
    "term": ("By term", "به تفکیک واژه"),
    "sentiment": ("By sentiment", "به تفکیک احساس"),
    "engagement": ("Engagement by platform", "تعامل به تفکیک شبکه"),
    "relevance": ("By relevance", "به تفکیک ربط"),
}
_NAMES_FA: Final = {
    "other": "بقیه",
    "negative": "منفی",
    "not negative": "غیرمنفی",
    "neutral": "خنثی",
    "positive": "مثبت",
    "relevant": "مرتبط",
    "not relevant": "نامرتبط",
    "twitter": "توییتر",
    "instagram": "اینستاگرام",
    "telegram": "تلگرام",
    "news": "خبر",
    "Nowruz": "نوروز",
    "Ramadan": "رمضان",
    "Muharram": "محرم",
    "Tasua": "تاسوعا",
    "Ashura": "عاشورا",
    "Arbaeen": "اربعین",
    "Eid al-Fitr": "عید فطر",
    "Eid al-Adha": "عید قربان",
}
SIGNS: Final = {
    "few_accounts": ("{}% of the mentions come from five accounts", "{}٪ یادکردها از پنج حساب است"),
    "same_text": ("{}% are near-copies of one another", "{}٪ متن‌ها رونوشت یکدیگرند"),
    "new_accounts": (
        "{}% come from small accounts that had not named the brand before",
        "{}٪ از حساب‌های کوچکی است که پیش‌تر نامی از برند نبرده بودند",
    ),
}
_WITHOUT_FA: Final = {"author": "نویسنده‌ی", "story": "روایت", "platform": "شبکه‌ی"}
_SHOWN_PARTS: Final = 4


def persian(value: object) -> str:
    """A number, or text whose every point is a decimal one, with Persian digits."""
    return str(value).translate(_DIGITS)


def apart(text: str) -> str:
    """Text of either direction that leaves what is around it in order: between first-strong isolate and its pop."""
    return f"\u2068{text}\u2069"


def tehran_time(at: datetime, zone: str) -> str:
    """Such as ``شنبه ۱ فروردین ۱۴۰۵، ۱۳:۰۵``, in the campaign's zone."""
    local = at.astimezone(ZoneInfo(zone))
    day = jdatetime.date.fromgregorian(date=local.date())
    return persian(f"{_WEEKDAYS[local.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}، {local:%H:%M}")


def annotations(incident: Incident, campaign: Campaign, links: Mapping[str, str]) -> dict[str, str]:
    """Of an alert: summaries, descriptions, times and links; all text."""
    name = campaign.name or campaign.id
    if incident.kind == "source_silent":
        return _silent(incident, campaign) | dict(links)
    return {
        "summary": _summary(incident, name),
        "summary_fa": _summary_fa(incident, name),
        "description": "\n".join(_lines(incident, campaign)),
        "description_fa": "\n".join(_lines_fa(incident, campaign)),
        "started": incident.started_at.astimezone(ZoneInfo(campaign.timezone)).isoformat(timespec="minutes"),
        "started_fa": tehran_time(incident.started_at, campaign.timezone),
        "campaign_name": name,
        **links,
    }


def _silent(incident: Incident, campaign: Campaign) -> dict[str, str]:
    since, since_fa = f"{incident.started_at:%Y-%m-%d %H:%M} UTC", tehran_time(incident.started_at, campaign.timezone)
    platform = incident.platform
    return {
        "summary": f"Nothing from {platform} since {since}",
        "summary_fa": f"از {name_fa(platform)} از {since_fa} چیزی نرسیده است",
        "description": (
            f"About {incident.expected:.0f} mentions were to be expected since. Counts are lower than they "
            "should be; spikes on this source are not seen."
        ),
        "description_fa": (
            f"در این مدت حدود {persian(round(incident.expected))} یادکرد انتظار می‌رفت. "
            "آمار کمتر از واقع است و جهش‌های این منبع دیده نمی‌شود."
        ),
        "started": incident.started_at.isoformat(timespec="minutes"),
        "started_fa": since_fa,
        "campaign_name": "*",
    }


def _summary(incident: Incident, name: str) -> str:
    factor = "" if incident.factor is None else f" ({incident.factor:.1f}×)"
    kind = KINDS[incident.kind][0]
    counts = f"{incident.observed} mentions, {incident.expected:.0f} expected{factor}"
    return f"{kind}: {apart(name)}: {counts}, {state_of(incident)[0]}"


def _summary_fa(incident: Incident, name: str) -> str:
    factor = "" if incident.factor is None else f" ({persian(f'{incident.factor:.1f}')} برابر)"
    return (
        f"{KINDS[incident.kind][1]}: {apart(name)}: {persian(incident.observed)} یادکرد به‌جای "
        f"{persian(round(incident.expected))}{factor}، {state_of(incident)[1]}"
    )


def state_of(incident: Incident) -> tuple[str, str]:
    """How it stands, (English, Persian)."""
    return _DIRECTION[incident.direction] if incident.resolved_at is None else ("over", "پایان یافت")


def _lines(incident: Incident, campaign: Campaign) -> list[str]:
    local = incident.started_at.astimezone(ZoneInfo(campaign.timezone))
    counts = (
        f"{incident.observed} mentions by {incident.authors} authors in {incident.stories} stories, "
        f"{incident.negative} negative; {incident.engagement} engagements"
    )
    lines = [f"Since {local:%Y-%m-%d %H:%M} ({campaign.timezone}): {counts}."]
    if incident.resolved_at is not None:
        lines.append(f"Over at {incident.resolved_at.astimezone(ZoneInfo(campaign.timezone)):%H:%M}.")
    lines += [f"Today: {', '.join(incident.occasions)}."] if incident.occasions else []
    found = incident.explanation
    if found is not None:
        lines += [_split(one) for one in found.splits]
        lines += [without(one) for one in found.without]
        if found.first is not None:
            first = found.first
            at = first.at.astimezone(ZoneInfo(campaign.timezone))
            lines.append(f"First: {at:%H:%M} on {first.publisher or first.platform}{_link(first.url)}")
        lines += [f"Example: “{apart(one.text)}”{_link(one.url)}" for one in found.examples]
        lines += [f"Coordinated? {SIGNS[one.sign][0].format(one.percent)}." for one in found.suspicions]
    lines.append(
        f"Data {complete_percent(incident)}% complete, {incident.delay_s:.0f} s behind; rule {incident.rule}, "
        f"in back-tests {incident.false_per_week:g} false alerts a week."
    )
    return lines


def _lines_fa(incident: Incident, campaign: Campaign) -> list[str]:
    mentions, authors, stories, negative, engagement = map(
        persian, (incident.observed, incident.authors, incident.stories, incident.negative, incident.engagement)
    )
    counts = f"{mentions} یادکرد از {authors} نویسنده در {stories} روایت، {negative} منفی؛ {engagement} تعامل"
    lines = [f"از {tehran_time(incident.started_at, campaign.timezone)}: {counts}."]
    if incident.resolved_at is not None:
        lines.append(f"پایان: {tehran_time(incident.resolved_at, campaign.timezone)}.")
    lines += [f"امروز: {'، '.join(map(name_fa, incident.occasions))}."] if incident.occasions else []
    found = incident.explanation
    if found is not None:
        lines += [_split_fa(one) for one in found.splits]
        lines += [without_fa(one) for one in found.without]
        if found.first is not None:
            first = found.first
            where = name_fa(first.publisher or first.platform)
            lines.append(
                f"نخستین یادکرد: {tehran_time(first.at, campaign.timezone)} در {apart(where)}{_link(first.url)}"
            )
        lines += [f"نمونه: «{apart(one.text)}»{_link(one.url)}" for one in found.examples]
        lines += [f"هماهنگ‌شده؟ {persian(SIGNS[one.sign][1].format(one.percent))}." for one in found.suspicions]
    lines.append(
        f"کامل‌بودن داده {persian(complete_percent(incident))}٪، تأخیر {persian(round(incident.delay_s))} ثانیه؛ "
        f"در آزمون گذشته {persian(f'{incident.false_per_week:g}')} هشدار نادرست در هفته."
    )
    return lines


def complete_percent(incident: Incident) -> str:
    """How much of the data was in, in percent."""
    # Cut, not rounded: what is not quite complete must not be called so.
    return f"{int(1000 * incident.completeness) / 10:g}"


def _split(found: Split) -> str:
    parts = [f"{apart(part.name)} {part.percent}%" for part in found.parts[:_SHOWN_PARTS]]
    rest = sum(part.percent for part in found.parts[_SHOWN_PARTS:])
    return f"{BY[found.by][0]}: {', '.join(parts)}{f', the rest {rest}%' if rest else ''}."


def _split_fa(found: Split) -> str:
    parts = [f"{apart(name_fa(part.name))} {persian(part.percent)}٪" for part in found.parts[:_SHOWN_PARTS]]
    rest = sum(part.percent for part in found.parts[_SHOWN_PARTS:])
    return f"{BY[found.by][1]}: {'، '.join(parts)}{f'، بقیه {persian(rest)}٪' if rest else ''}."


def without(one: Without) -> str:
    """A counterfactual in English."""
    would = "it would have fired all the same" if one.fires else "this would not have fired"
    return f"Without {one.what} {apart(one.name)} ({one.mentions} mentions) {would}."


def without_fa(one: Without) -> str:
    """A counterfactual in Persian."""
    would = "باز هم هشدار می‌آمد" if one.fires else "هشداری نمی‌آمد"
    return f"بدون {_WITHOUT_FA[one.what]} {apart(name_fa(one.name))} ({persian(one.mentions)} یادکرد) {would}."


def name_fa(name: str) -> str:
    """A name of ours in Persian; others as they are."""
    return _NAMES_FA.get(name, name)


def _link(url: str | None) -> str:
    # Nothing around it: chat programs would take the mark for a part of the address.
    return f" {url}" if url else ""
