"""Every field of a campaign file, explained once: ``listener campaign init`` and the reference page are made from here.

A test compares the names with those that the reader of the files accepts, and tries every example.
"""

from dataclasses import dataclass
from typing import Final

from models.campaign import DEFAULT_TIMEZONE


@dataclass(frozen=True)
class FieldGuide:
    """One field. ``default`` and ``example`` are YAML as one would write it; no default means that it is required."""

    name: str
    kind: str
    default: str | None
    meaning: str
    meaning_fa: str
    example: str


FIELDS: Final[tuple[FieldGuide, ...]] = (
    FieldGuide(
        "id",
        "text: a-z, 0-9, - and _",
        None,
        "The campaign's name in numbers, metrics and addresses. Never change it later: a new id is a new campaign, "
        "counted from zero.",
        "نام کمپین در آمار، سنجه‌ها و نشانی‌ها؛ فقط حروف کوچک لاتین، رقم، - و _. بعدها عوضش نکنید: شناسه‌ی تازه یعنی "
        "کمپین تازه و شمارش از صفر.",
        "berimo",
    ),
    FieldGuide(
        "name",
        "text",
        "the id",
        "The name for people, in any language.",
        "نامی که آدم‌ها می‌بینند، به هر زبانی.",
        "بریمو",
    ),
    FieldGuide(
        "team",
        "text",
        '""',
        "Who is told when something happens: alerts are routed by it.",
        "تیمی که باید خبردار شود؛ هشدارها بر پایه‌ی آن فرستاده می‌شوند.",
        "mobility",
    ),
    FieldGuide(
        "group",
        "text",
        '""',
        "Brands of one group share the share of voice among them: put yourself and your rivals in one.",
        "سهم صدا میان کمپین‌های یک گروه حساب می‌شود؛ خود و رقیبان را در یک گروه بگذارید.",
        "transport",
    ),
    FieldGuide(
        "keywords",
        "list of words or phrases",
        "[]",
        "Any one of these is enough. Write each the usual way: every Persian spelling of it is found (ي/ی, ك/ک, "
        "half-space, space or none, diacritics, plurals, hashtags). Another script is another keyword.",
        "یکی از این‌ها کافی است. هر کدام را یک بار و به شکل معمول بنویسید: همه‌ی شکل‌های نوشتاری فارسی‌اش پیدا می‌شود "
        "(ي و ی، ك و ک، نیم‌فاصله، فاصله یا چسبیده، اِعراب، جمع، هشتگ). املای لاتین را جداگانه بدهید.",
        "[بریمو, Berimo]",
    ),
    FieldGuide(
        "all_of",
        "list of words or phrases",
        "[]",
        "All of these must be in the same text, too. Alone, without keywords and accounts, they decide.",
        "همه‌ی این‌ها هم باید در همان متن باشند.",
        "[قیمت]",
    ),
    FieldGuide(
        "none_of",
        "list of words or phrases",
        "[]",
        "A text with any of these is not counted.",
        "متنی که یکی از این‌ها را دارد شمرده نمی‌شود.",
        "[استخدام]",
    ),
    FieldGuide(
        "except",
        "list of words or phrases",
        "[]",
        "Whole words that contain a keyword but are another word: there the keyword does not count.",
        "واژه‌های کاملی که کلیدواژه در آن‌هاست ولی معنای دیگری دارند؛ آن‌جا کلیدواژه حساب نمی‌شود.",
        "[بریموند]",
    ),
    FieldGuide(
        "query",
        "Boolean query",
        '""',
        "AND, OR, NOT, brackets, NEAR/n, ONEAR/n, an ending *, author:, site:, lang:, platform:, has:. A text for "
        "which it is true counts like one with a keyword; every Persian spelling of its words is found.",
        "جست‌وجوی منطقی با AND و OR و NOT و پرانتز و NEAR/n؛ متنی که با آن بخواند مانند متن دارای کلیدواژه شمرده می‌شود.",
        "'(بریمو OR berimo) AND NOT \"بازی بریمو\"'",
    ),
    FieldGuide(
        "exclude_packs",
        "list of pack names, with a version if need be",
        "[]",
        "Ready lists of phrases that are added to none_of: job-ads, lotteries, spam. A name alone means the newest "
        "version; job-ads@1 stays as it is.",
        "فهرست‌های آماده‌ی عبارت‌ها که به none_of افزوده می‌شوند: job-ads (آگهی استخدام)، "
        "lotteries (قرعه‌کشی)، spam (هرزنامه).",
        "[job-ads, spam@1]",
    ),
    FieldGuide(
        "accounts",
        "list of handles or account ids",
        "[]",
        "Posts by these accounts, and posts that address them with @, count like a keyword.",
        "نوشته‌های این حساب‌ها و نوشته‌هایی که با @ صدایشان می‌زنند هم شمرده می‌شوند.",
        '["@berimo_app"]',
    ),
    FieldGuide(
        "platforms",
        "list of platform names",
        "every platform",
        "Only posts from these platforms; the reference of topics lists the names.",
        "فقط نوشته‌های این شبکه‌ها؛ نبودش یعنی همه.",
        "[twitter, instagram, telegram]",
    ),
    FieldGuide(
        "reposts",
        "mention or ignore",
        "mention",
        "Whether a repost is one more mention. The original's share count holds it either way.",
        "بازنشر یک یادکرد دیگر است (mention) یا نه (ignore)؛ شمار اشتراک نوشته‌ی اصلی در هر حال آن را دارد.",
        "ignore",
    ),
    FieldGuide(
        "timezone",
        "IANA time zone",
        DEFAULT_TIMEZONE,
        "Hours and days are cut on this clock. It cannot change over the life of a campaign.",
        "ساعت‌ها و روزها با این ساعت بریده می‌شوند؛ در عمر کمپین عوض‌شدنی نیست.",
        "Asia/Tehran",
    ),
    FieldGuide(
        "start",
        "Gregorian date, or time with offset",
        "from the beginning",
        "Posts created before are not counted. A date begins at its local midnight.",
        "نوشته‌های پیش از این شمرده نمی‌شوند. تاریخ میلادی بدهید.",
        "2026-11-01",
    ),
    FieldGuide(
        "end",
        "Gregorian date, or time with offset",
        "without end",
        "Posts created later are not counted. The last day counts in full.",
        "نوشته‌های پس از این شمرده نمی‌شوند؛ روز آخر کامل حساب می‌شود.",
        "2026-12-20",
    ),
    FieldGuide(
        "should_match",
        "list of texts, or of mappings with text, author, lang, platform, url, links",
        "[]",
        "Examples that listener check tries: it fails when one of them does not match.",
        "نمونه‌هایی که باید پیدا شوند؛ listener check آن‌ها را می‌آزماید.",
        "[سفر با بریمو ارزان شد]",
    ),
    FieldGuide(
        "should_not_match",
        "list of texts, or of mappings with text, author, lang, platform, url, links",
        "[]",
        "Examples that listener check tries: it fails when one of them does match.",
        "نمونه‌هایی که نباید پیدا شوند؛ listener check آن‌ها را می‌آزماید.",
        "[بریموند نام یک شهر است]",
    ),
    FieldGuide(
        "attribution",
        "mapping of utm_campaigns, landing_pages, ad_campaigns, sites, search_keywords (lists), person_first_touch",
        "{}",
        "Which sessions, people, spend, search rows, ranks and links are this campaign's. Landing pages are prefixes "
        "of addresses; with first touch a person's later events belong where the first attributed one did.",
        "کدام نشست‌ها، آدم‌ها، هزینه‌ها، سطرهای جست‌وجو، رتبه‌ها و پیوندها از این کمپین است. صفحه‌ی فرود پیشوند نشانی "
        "است؛ با person_first_touch رویدادهای بعدی هر کس به کمپین نخستین رویدادش می‌رسد.",
        "{utm_campaigns: [nowruz-1405], sites: [berimo.example], ad_campaigns: ['123'], person_first_touch: true}",
    ),
    FieldGuide(
        "conversions",
        "list of event names",
        "[]",
        "Events that count as conversions beside generate_lead, form_submit, sign_up, purchase and contact. comment, "
        "share, click, and stages and activities of people such as demo_booked are counted from their own topics.",
        "رویدادهایی که افزون بر پنج رویداد معمول تبدیل شمرده می‌شوند؛ comment، share، click و demo_booked "
        "از موضوع خودشان.",
        "[brochure_download]",
    ),
    FieldGuide(
        "kpis",
        "mapping of conversion_base, engagement_base, engagement_saves, keyword_base, lead_stage, spend, "
        "own_replies, rank_provider, referral_exclusions, deflator",
        "{}",
        "How KPIs are worked out: the base of each rate (of conversions: impressions, clicks, sessions, users or "
        "views), the stage that a lead's cost is of, media spend or all, whether own replies are comments, whose "
        "site rank, which hosts are no referrers, and a price index by Jalali month for real growth.",
        "شیوه‌ی حساب شاخص‌ها: پایه‌ی هر نرخ (نمایش، کلیک، نشست، کاربر یا بازدید)، "
        "مرحله‌ی سرنخ، هزینه‌ی رسانه یا همه، شمردن پاسخ‌های خودمان، ارائه‌دهنده‌ی رتبه، "
        "میزبان‌هایی که ارجاع نیستند، و شاخص قیمت ماه‌های جلالی برای رشد واقعی.",
        "{conversion_base: sessions, lead_stage: sql}",
    ),
    FieldGuide(
        "targets",
        "mapping of KPI (or KPI.part) to target, deadline, owner and, as you like, start, baseline, curve, "
        "attainable_max, evaluate_every",
        "{}",
        "SMART targets. Number, deadline and owner are required; what is missing is named with its letter.",
        "هدف‌های هوشمند (SMART). عدد، مهلت و مسئول لازم است؛ آنچه نیست با حرفش نام برده می‌شود.",
        "{leads.mql: {target: 200, start: 2026-03-21, deadline: 2026-06-21, owner: سارا}}",
    ),
    FieldGuide(
        "alerts",
        "mapping of false_per_week, least_mentions, least_authors",
        "{false_per_week: 1, least_mentions: 5, least_authors: 3}",
        "How easily it alerts: at most so many false alerts a week over all that is watched; each with at least so "
        "many mentions above the usual, by so many authors.",
        "حساسیت هشدار: حداکثر این تعداد هشدار نادرست در هفته، هر کدام با دست‌کم این تعداد یادکردِ "
        "بیش از معمول و این تعداد نویسنده.",
        "{false_per_week: 0.5, least_mentions: 10}",
    ),
    FieldGuide(
        "planned",
        "list of mappings with name, start and end",
        "[]",
        "What we do ourselves and will be talked about: incidents of that time are kept, and nobody is disturbed.",
        "برنامه‌های خودمان که حرفشان زده می‌شود: رویدادهای آن مدت ثبت می‌شود ولی کسی را خبر نمی‌کند.",
        "[{name: فروش نوروزی, start: 2026-03-15, end: 2026-03-25}]",
    ),
)
