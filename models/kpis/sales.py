"""KPIs of conversions, leads, customers and money."""

from typing import Final

from models.kpis.formula import Choice, Conversions, Counted, Minus
from models.kpis.parts import (
    ALL_SPEND,
    CLICKS,
    IMPRESSIONS,
    MEDIA_SPEND,
    NEW_CUSTOMERS,
    ORDERS,
    REVENUE,
    SESSIONS,
    SPEND,
    VIEWS,
    people,
)
from models.kpis.shape import Kpi, Part, Said
from models.people import PEOPLE_TOPIC
from models.post import POSTS_TOPIC
from models.spend import SPEND_TOPIC
from models.web import WEB_TOPIC

_ANY_PERIOD: Final = Said(
    "هر بازه: زنده، روز، هفته از شنبه، ماه جلالی، از آغاز کمپین",
    "Any: live, day, week from Saturday, Jalali month, campaign to date",
)
_DAYS: Final = Said("روز، هفته، ماه جلالی یا از آغاز کمپین", "Day, week, Jalali month, campaign to date")
_CRM: Final = Said("سامانهٔ مشتریان و فروش", f"CRM and shop (`{PEOPLE_TOPIC}`)")
_COSTS: Final = Said("هزینهٔ تبلیغات و سامانهٔ مشتریان", f"Ad platforms and CRM (`{SPEND_TOPIC}`, `{PEOPLE_TOPIC}`)")
_STAGED: Final = Choice("lead_stage", {"mql": people("mql"), "sql": people("sql"), "lead": people("lead")})

SALES: Final[tuple[Kpi, ...]] = (
    Kpi(
        id="conversions",
        title=Said("تبدیل", "Conversions"),
        kind="A",
        unit="count",
        parts=(Part("{conversion}", "A", "count", Conversions("{conversion}")),),
        inputs=(WEB_TOPIC, PEOPLE_TOPIC),
        what=Said(
            "شمار کارهایی که کمپین می‌خواست: فرم، ثبت‌نام، خرید، تماس و مانند آن، به تفکیک نوع",
            "What the campaign wants people to do, by type: forms, sign-ups, purchases, contacts and its own",
        ),
        purpose=Said("نتیجهٔ واقعی کمپین", "What the campaign achieves"),
        source=Said("رویدادهای وب؛ به انتخاب، مراحل مشتریان و پست‌ها", f"Web events (`{WEB_TOPIC}`); by setting others"),
        period=_ANY_PERIOD,
        pitfall=Said("رویداد تبدیل با نشست تبدیل‌شده یکی نیست", "An event is not a converting session"),
        each="conversion",
    ),
    Kpi(
        id="conversion_rate",
        title=Said("نرخ تبدیل", "Conversion rate"),
        kind="R",
        unit="ratio",
        parts=(
            Part(
                "",
                "R",
                "ratio",
                Conversions(),
                Choice(
                    "conversion_base",
                    {
                        "impressions": IMPRESSIONS,
                        "clicks": CLICKS,
                        "sessions": SESSIONS,
                        "users": Counted("visitors"),
                        "views": VIEWS,
                    },
                ),
            ),
        ),
        inputs=(WEB_TOPIC, SPEND_TOPIC, POSTS_TOPIC),
        what=Said(
            "تبدیل به ازای هر نمایش (یا کلیک، نشست، کاربر، بازدید)",
            "Conversions per impression, click, session, user or view",
        ),
        purpose=Said("کارایی پیام و مسیر خرید", "How well message and funnel work"),
        source=Said("رویدادهای وب و هزینهٔ تبلیغات", f"Web events and ad platforms (`{WEB_TOPIC}`, `{SPEND_TOPIC}`)"),
        period=_ANY_PERIOD,
        pitfall=Said("پایهٔ نرخ بخشی از نام آن است", "The base is part of the name"),
        label="conversion_base",
    ),
    Kpi(
        id="cost_per_conversion",
        title=Said("هزینهٔ هر تبدیل", "Cost per conversion"),
        kind="R",
        unit="money",
        parts=(Part("", "R", "money", SPEND, Conversions()),),
        inputs=(SPEND_TOPIC, WEB_TOPIC),
        what=Said("هزینه تقسیم بر شمار تبدیل‌ها", "Spend divided by conversions"),
        purpose=Said("هر نتیجه چند تمام می‌شود", "What one result costs"),
        source=Said("هزینهٔ تبلیغات و رویدادهای وب", f"Ad platforms and web events (`{SPEND_TOPIC}`, `{WEB_TOPIC}`)"),
        period=_DAYS,
        pitfall=Said("هزینه دیرتر اصلاح می‌شود؛ سطر تازه جایگزین است", "Spend is restated late: the new row replaces"),
        lower_is_better=True,
        label="spend",
    ),
    Kpi(
        id="leads",
        title=Said("سرنخ", "Leads"),
        kind="A",
        unit="count",
        parts=(Part("mql", "A", "count", people("mql")), Part("sql", "A", "count", people("sql"))),
        inputs=(PEOPLE_TOPIC,),
        what=Said(
            "کسانی که نخستین بار سرنخ بازاریابی (MQL) یا سرنخ فروش (SQL) شدند",
            "People who became a marketing-qualified (MQL) or sales-qualified lead (SQL) for the first time",
        ),
        purpose=Said("خوراک تیم فروش", "What marketing hands to sales"),
        source=_CRM,
        period=_ANY_PERIOD,
        pitfall=Said("یک نفر اول MQL است و سپس SQL؛ این دو جمع نمی‌شوند", "One person is MQL, then SQL: never summed"),
    ),
    Kpi(
        id="cost_per_lead",
        title=Said("هزینهٔ هر سرنخ", "Cost per lead"),
        kind="R",
        unit="money",
        parts=(Part("", "R", "money", SPEND, _STAGED),),
        inputs=(SPEND_TOPIC, PEOPLE_TOPIC),
        what=Said("هزینه تقسیم بر سرنخ‌های یک مرحله", "Spend divided by the leads of one stage"),
        purpose=Said("سرنخ چند تمام می‌شود", "What a lead costs"),
        source=_COSTS,
        period=_DAYS,
        pitfall=Said("مرحله باید نام برده شود", "The stage must be named"),
        lower_is_better=True,
        label="lead_stage",
    ),
    Kpi(
        id="demos",
        title=Said("دمو", "Demos"),
        kind="A",
        unit="count",
        parts=(Part("booked", "A", "count", people("demo_booked")), Part("held", "A", "count", people("demo_held"))),
        inputs=(PEOPLE_TOPIC,),
        what=Said("دموهای رزروشده و برگزارشده", "Demos booked, and demos held"),
        purpose=Said("تبدیل علاقه به گفت‌وگوی فروش", "Interest that becomes a sales talk"),
        source=_CRM,
        period=_ANY_PERIOD,
        pitfall=Said("رزرو با برگزاری یکی نیست", "Booked is not held"),
    ),
    Kpi(
        id="new_customers",
        title=Said("مشتری جدید", "New customers"),
        kind="A",
        unit="count",
        parts=(Part("", "A", "count", NEW_CUSTOMERS),),
        inputs=(PEOPLE_TOPIC,),
        what=Said("کسانی که نخستین بار خرید کردند", "People with their first purchase"),
        purpose=Said("رشد پایگاه مشتری", "Growth of the customer base"),
        source=_CRM,
        period=_ANY_PERIOD,
        pitfall=Said(
            "خریدی که همهٔ پولش برگشته مشتری نمی‌سازد؛ هر نفر یک شناسه دارد",
            "A purchase that is refunded in full makes no customer; one person must have one id",
        ),
    ),
    Kpi(
        id="customer_acquisition_cost",
        title=Said("هزینهٔ جذب مشتری", "Customer acquisition cost"),
        kind="R",
        unit="money",
        parts=(
            Part("media", "R", "money", MEDIA_SPEND, NEW_CUSTOMERS),
            Part("loaded", "R", "money", ALL_SPEND, NEW_CUSTOMERS),
        ),
        inputs=(SPEND_TOPIC, PEOPLE_TOPIC),
        what=Said(
            "هزینه به ازای هر مشتری جدید: تنها رسانه، و همهٔ هزینه‌ها",
            "Spend per new customer: media only, and fully loaded (salaries, tools, agencies)",
        ),
        purpose=Said("آیا جذب مشتری می‌صرفد", "Whether winning customers pays"),
        source=_COSTS,
        period=_DAYS,
        pitfall=Said("هزینهٔ رسانه به‌تنهایی ارزان می‌نماید", "Media alone looks cheap: the loaded cost stands beside it"),
        lower_is_better=True,
    ),
    Kpi(
        id="sales_growth",
        title=Said("رشد فروش", "Sales growth"),
        kind="G",
        unit="ratio",
        parts=(Part("count", "G", "ratio", ORDERS), Part("revenue", "G", "ratio", REVENUE)),
        inputs=(PEOPLE_TOPIC,),
        what=Said(
            "تغییر فروش نسبت به دورهٔ همانند پیشین، در شمار سفارش و در درآمد",
            "Change of sales against the like period before, in orders and in revenue",
        ),
        purpose=Said("روند کسب‌وکار", "Where the business is going"),
        source=_CRM,
        period=Said("روز، هفته یا ماه جلالی در برابر پیشین آن", "Day, week or Jalali month against the one before"),
        pitfall=Said(
            "تورم: رشد اسمی است؛ با شاخص قیمت، رشد واقعی هم می‌آید",
            "Inflation: growth is nominal; with a price index the real one stands beside it",
        ),
    ),
    Kpi(
        id="return_on_investment",
        title=Said("بازگشت سرمایه", "Return on investment"),
        kind="R",
        unit="ratio",
        parts=(Part("", "R", "ratio", Minus(REVENUE, SPEND), SPEND),),
        inputs=(PEOPLE_TOPIC, SPEND_TOPIC),
        what=Said("درآمد منهای هزینه، تقسیم بر هزینه", "(Revenue − spend) / spend"),
        purpose=Said("آیا کمپین سودآور است", "Whether the campaign earns more than it costs"),
        source=_COSTS,
        period=_DAYS,
        pitfall=Said("با ROAS (درآمد بر هزینه) یکی نیست", "Not ROAS, which is revenue / spend"),
        label="spend",
    ),
)
