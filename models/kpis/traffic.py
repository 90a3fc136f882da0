"""KPIs of the site: search, rank, traffic, links, time, bounces."""

from typing import Final

from models.backlinks import BACKLINKS_TOPIC
from models.kpis.formula import Choice, Level, Minus, Scaled, Sum
from models.kpis.parts import ENGAGED, SESSIONS, channel
from models.kpis.shape import Kpi, Part, Said
from models.search import MICRO, SEARCH_TOPIC
from models.site_rank import RANK_TOPIC
from models.web import WEB_TOPIC

_ANY_PERIOD: Final = Said(
    "هر بازه: زنده (یک دقیقه، یک ساعت، ۲۴ ساعت)، روز، هفته از شنبه، ماه جلالی، از آغاز کمپین",
    "Any: live (1 min, 1 h, 24 h), day, week from Saturday, Jalali month, campaign to date",
)
_DAYS: Final = Said("روز، هفته، ماه جلالی یا از آغاز کمپین", "Day, week, Jalali month, campaign to date")
_WEB: Final = Said("رویدادهای وب‌سایت به سبک GA4", f"Web events in the manner of GA4 (`{WEB_TOPIC}`)")


def _traffic(name: str, title: Said, channel_name: str, what: Said, purpose: Said, pitfall: Said) -> Kpi:
    return Kpi(
        id=name,
        title=title,
        kind="A",
        unit="sessions",
        parts=(Part("", "A", "sessions", channel(channel_name)),),
        inputs=(WEB_TOPIC,),
        what=what,
        purpose=purpose,
        source=_WEB,
        period=_ANY_PERIOD,
        pitfall=pitfall,
    )


TRAFFIC: Final[tuple[Kpi, ...]] = (
    Kpi(
        id="search_ranking",
        title=Said("رتبهٔ جست‌وجو", "Search ranking"),
        kind="L/R",
        unit="position",
        parts=(
            Part(
                "position",
                "R",
                "position",
                Scaled(Sum("search", ("position",)), MICRO),
                Sum("search", ("ranked",)),
            ),
            Part("top3", "R", "ratio", Sum("search", ("top3",)), Sum("search", ("impressions",)), lower=False),
            Part("top10", "R", "ratio", Sum("search", ("top10",)), Sum("search", ("impressions",)), lower=False),
        ),
        inputs=(SEARCH_TOPIC,),
        what=Said(
            "میانگین جایگاه سایت در نتیجه‌های جست‌وجو، وزن‌دار با شمار نمایش؛ و سهم نمایش‌ها در سه و ده نتیجهٔ نخست",
            "Average place in search results, weighted by impressions; share of impressions in the top 3 and 10",
        ),
        purpose=Said(
            "نشان می‌دهد مخاطب هنگام جست‌وجو چقدر زود به ما می‌رسد", "Tells how soon a searcher comes upon the site"
        ),
        source=Said("سرچ کنسول یا ردیاب رتبه", f"Search Console or a rank tracker (`{SEARCH_TOPIC}`)"),
        period=_DAYS,
        pitfall=Said(
            "نبودن در N نتیجهٔ نخست یک وضعیت است، نه صفر؛ در میانگین نمی‌آید ولی در مخرج سهم‌ها هست",
            "Not in the top N is a state, not 0: it is left out of the average and kept in the shares' denominator",
        ),
        lower_is_better=True,
    ),
    Kpi(
        id="site_rank",
        title=Said("رتبهٔ سایت (الکسا)", "Site rank"),
        kind="L",
        unit="rank",
        parts=(Part("", "L", "rank", Level("site-rank", "rank")),),
        inputs=(RANK_TOPIC,),
        what=Said(
            "آخرین رتبهٔ دامنه نزد هر ارائه‌دهنده (جای رتبهٔ الکسا)",
            "The domain's last rank at each provider (in place of the Alexa rank)",
        ),
        purpose=Said("جایگاه سایت در میان سایت‌های دیگر", "Where the site stands among all sites"),
        source=Said("ترنکو، رادار کلادفلر، سیمیلاروب", f"Tranco, Cloudflare Radar, Similarweb, … (`{RANK_TOPIC}`)"),
        period=Said("آخرین مقدار تا پایان بازه", "The last value up to the end of the period"),
        pitfall=Said(
            "الکسا در اردیبهشت ۱۴۰۱ بسته شد؛ عدد هر ارائه‌دهنده جداست و سری‌ها به هم چسبانده نمی‌شوند",
            "Alexa closed in May 2022; each provider has its own series, and they are never spliced",
        ),
        each="provider",
        lower_is_better=True,
        label="rank_provider",
    ),
    _traffic(
        "organic_traffic",
        Said("ترافیک ارگانیک", "Organic traffic"),
        "organic_search",
        Said("نشست‌هایی که از جست‌وجوی رایگان آمده‌اند", "Sessions that came from unpaid search"),
        Said("بازده سئو و محتوا", "What search optimisation and content bring"),
        Said("شمار کاربران جمع‌پذیر نیست؛ نشست شمرده می‌شود", "Users do not add up over days; sessions do"),
    ),
    _traffic(
        "referral_traffic",
        Said("ترافیک ارجاعی", "Referral traffic"),
        "referral",
        Said("نشست‌هایی که از پیوند سایت‌های دیگر آمده‌اند", "Sessions that came by a link on another site"),
        Said("ارزش همکاری‌ها و معرفی‌ها", "What partnerships and mentions elsewhere bring"),
        Said(
            "بازگشت از درگاه پرداخت ارجاع نیست و با تنظیم کنار گذاشته می‌شود",
            "The way back from a payment gateway is no referral; it is left out by setting",
        ),
    ),
    Kpi(
        id="inbound_links",
        title=Said("لینک‌های ورودی", "Inbound links"),
        kind="L/A",
        unit="links",
        parts=(
            Part("links", "L", "links", Level("backlinks", "links")),
            Part("domains", "L", "domains", Level("backlinks", "domains")),
            Part("new", "A", "links", Sum("backlinks", ("new",))),
            Part("lost", "A", "links", Sum("backlinks", ("lost",)), lower=True),
        ),
        inputs=(BACKLINKS_TOPIC,),
        what=Said(
            "پیوندهای برقرار به سایت و دامنه‌های پیونددهنده؛ و پیوندهای تازه و ازدست‌رفتهٔ بازه",
            "Links to the site that stand, and the domains they come from; new and lost ones in the period",
        ),
        purpose=Said("اعتبار سایت نزد موتورهای جست‌وجو", "The site's standing with search engines"),
        source=Said("نمایهٔ پیوند ارائه‌دهندگان", f"Providers' link indexes (`{BACKLINKS_TOPIC}`)"),
        period=_DAYS,
        pitfall=Said(
            "بزرگ شدن نمایهٔ ارائه‌دهنده شبیه رشد است؛ پیوند در روزی شمرده می‌شود که نخستین بار دیده شده",
            "A growing index looks like gains: a link counts on the day on which it was first seen",
        ),
    ),
    Kpi(
        id="time_on_site",
        title=Said("زمان صرف‌شده در سایت", "Time on site"),
        kind="R",
        unit="seconds",
        parts=(Part("", "R", "seconds", Scaled(Sum("web", ("engaged_ms",), "channel:"), 1000), SESSIONS),),
        inputs=(WEB_TOPIC,),
        what=Said("میانگین زمان درگیری هر نشست، به ثانیه", "Engaged seconds per session"),
        purpose=Said("محتوا چقدر مخاطب را نگه می‌دارد", "How well the content holds visitors"),
        source=_WEB,
        period=_ANY_PERIOD,
        pitfall=Said(
            "زمانی که صفحه جلوی چشم بوده، نه فاصلهٔ دو بازدید",
            "Time in the foreground, not the gap between two page views",
        ),
    ),
    Kpi(
        id="conversion_rate_per_keyword",
        title=Said("نرخ تبدیل هر کلمهٔ کلیدی", "Conversion rate per keyword"),
        kind="R",
        unit="ratio",
        parts=(
            Part(
                "",
                "R",
                "ratio",
                Sum("web", ("conversions",), "{keyword}"),
                Choice(
                    "keyword_base",
                    {
                        "sessions": Sum("web", ("sessions",), "{keyword}"),
                        "clicks": Sum("search", ("clicks",), "{keyword}"),
                    },
                ),
            ),
        ),
        inputs=(WEB_TOPIC, SEARCH_TOPIC),
        what=Said(
            "سهم نشست‌های هر کلمهٔ کلیدی که به تبدیل رسیده‌اند",
            "Conversions per session (or search click) of each configured keyword",
        ),
        purpose=Said("کدام کلمه‌ها ارزش سرمایه‌گذاری دارند", "Which keywords are worth paying for"),
        source=Said("رویدادهای وب و سرچ کنسول", f"Web events and Search Console (`{WEB_TOPIC}`, `{SEARCH_TOPIC}`)"),
        period=_DAYS,
        pitfall=Said(
            "نمونهٔ کوچک گمراه می‌کند؛ بازهٔ ویلسون کنارش می‌آید",
            "Tiny samples mislead: see the Wilson interval",
        ),
        each="keyword",
        label="keyword_base",
    ),
    _traffic(
        "social_traffic",
        Said("ترافیک شبکه‌های اجتماعی", "Social traffic"),
        "organic_social",
        Said("نشست‌هایی که رایگان از شبکه‌های اجتماعی آمده‌اند", "Sessions that came unpaid from social networks"),
        Said("بازده فعالیت در شبکه‌ها روی سایت", "What social activity brings to the site"),
        Said(
            "مرورگر درون برنامه ارجاع‌دهنده را می‌اندازد؛ پیوندها را با UTM برچسب بزنید",
            "In-app browsers drop the referrer: tag links with UTM parameters",
        ),
    ),
    Kpi(
        id="bounce_rate",
        title=Said("نرخ پرش", "Bounce rate"),
        kind="R",
        unit="ratio",
        parts=(Part("", "R", "ratio", Minus(SESSIONS, ENGAGED), SESSIONS),),
        inputs=(WEB_TOPIC,),
        what=Said(
            "سهم نشست‌هایی که درگیر نشدند: ده ثانیه یا کمتر، بی‌تبدیل، و تنها یک صفحه",
            "Share of sessions that were not engaged: 10 s or less, no conversion, a single view",
        ),
        purpose=Said("همخوانی صفحهٔ فرود با انتظار بازدیدکننده", "Whether the landing page is what visitors expected"),
        source=_WEB,
        period=_ANY_PERIOD,
        pitfall=Said("تعریف GA4: یک منهای سهم نشست‌های درگیر", "GA4's definition: 1 − engaged sessions / sessions"),
        lower_is_better=True,
    ),
)
