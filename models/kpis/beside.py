"""What a listening product also needs beside the 24."""

from typing import Final

from models.article import ARTICLES_TOPIC
from models.audience import AUDIENCE_TOPIC
from models.kpis.formula import Counted, Group, Level, Minus, Sum
from models.kpis.parts import CLICKS, IMPRESSIONS, VIEWS, post, post_net
from models.kpis.shape import Kpi, Part, Said
from models.post import POSTS_TOPIC
from models.spend import SPEND_TOPIC

_ANY: Final = Said("هر بازه", "Any period")
_POSTS: Final = Said("پست‌هایی که کمپین را نام می‌برند", f"Posts that mention the campaign (`{POSTS_TOPIC}`)")
_RATED: Final = Sum("posts", ("mentions_positive", "mentions_negative", "mentions_neutral"))


def _kpi(
    name: str,
    title: Said,
    part: Part,
    what: Said,
    purpose: Said,
    pitfall: Said,
    inputs: tuple[str, ...] = (POSTS_TOPIC,),
    source: Said = _POSTS,
    *,
    estimated: bool = False,
) -> Kpi:
    return Kpi(
        id=name,
        title=title,
        kind=part.kind,
        unit=part.unit,
        parts=(part,),
        inputs=inputs,
        what=what,
        purpose=purpose,
        source=source,
        period=_ANY,
        pitfall=pitfall,
        estimated=estimated,
    )


BESIDE: Final[dict[str, Kpi]] = {
    kpi.id: kpi
    for kpi in (
        _kpi(
            "mentions",
            Said("اشاره", "Mentions"),
            Part("", "A", "count", post("mentions"), net=post_net("mentions")),
            Said("پست‌هایی که کمپین را نام می‌برند", "Posts that mention the campaign"),
            Said("اندازهٔ گفت‌وگو", "How much is said"),
            Said("پست، نه نویسنده؛ یک نفر می‌تواند بسیار بنویسد", "Posts, not authors: one person can write many"),
        ),
        _kpi(
            "share_of_voice",
            Said("سهم صدا", "Share of voice"),
            Part("", "R", "ratio", Sum("posts", ("mentions",)), Group(Sum("posts", ("mentions",)))),
            Said("اشاره‌های ما از همهٔ اشاره‌های گروه", "Own mentions among those of the campaign's group"),
            Said("جایگاه در برابر رقیبان", "Where the brand stands among its rivals"),
            Said("تنها میان کمپین‌های یک گروه معنا دارد", "Means something only inside a group of like campaigns"),
        ),
        _kpi(
            "unique_authors",
            Said("نویسندهٔ یکتا", "Unique authors"),
            Part("", "S", "count", Counted("authors")),
            Said("کسانی که دربارهٔ کمپین نوشته‌اند", "How many people wrote the mentions"),
            Said("گستردگی گفت‌وگو", "How widely the brand is talked about"),
            Said("روزها با هم جمع نمی‌شوند", "Days do not add up"),
        ),
        _kpi(
            "potential_reach",
            Said("دسترسی بالقوه", "Potential reach"),
            Part("", "S", "count", Counted("potential_reach")),
            Said("مجموع دنبال‌کنندگان نویسندگان", "The followers of all who wrote"),
            Said("بیشترین کسانی که شاید دیده‌اند", "The most people who may have seen it"),
            Said("برآورد است: دنبال‌کنندگان مشترک چند بار شمرده می‌شوند", "An estimate: shared followers count twice"),
            estimated=True,
        ),
        _kpi(
            "net_sentiment",
            Said("خالص احساس", "Net sentiment"),
            Part("", "R", "ratio", Minus(post("mentions_positive"), post("mentions_negative")), _RATED),
            Said("(مثبت − منفی) بر همهٔ اشاره‌های سنجیده", "(Positive − negative) / all judged mentions"),
            Said("لحن گفت‌وگو", "The tone of what is said"),
            Said("برآورد یک مدل است", "A model's estimate"),
            estimated=True,
        ),
        _kpi(
            "click_through_rate",
            Said("نرخ کلیک", "Click-through rate"),
            Part("", "R", "ratio", CLICKS, IMPRESSIONS),
            Said("کلیک به ازای هر نمایش تبلیغ", "Clicks per ad impression"),
            Said("گیرایی تبلیغ", "Whether the ad appeals"),
            Said("میانگین نرخ‌های روزانه نیست", "Never an average of daily rates"),
            (SPEND_TOPIC,),
            Said("هزینهٔ تبلیغات", f"Ad platforms (`{SPEND_TOPIC}`)"),
        ),
        _kpi(
            "virality",
            Said("ویروسی شدن", "Virality"),
            Part("", "R", "ratio", post("shares"), VIEWS),
            Said(
                "اشتراک به ازای هر بازدید",
                "Shares per view; times 1,000 per 1,000 views",
            ),
            Said("آیا پیام خودش پخش می‌شود", "Whether the message spreads by itself"),
            Said("همهٔ سکوها بازدید را نمی‌گویند", "Not every platform tells views"),
        ),
        _kpi(
            "amplification",
            Said("ضریب تکثیر خبر", "Amplification"),
            Part("", "R", "ratio", Sum("press", ("press_mentions",)), Counted("stories")),
            Said("مقاله به ازای هر خبر یکتا", "Articles per distinct story"),
            Said("خبر چند بار بازنشر شده", "How often a story was copied"),
            Said("یکتایی با شباهت متن سنجیده می‌شود", "Stories are told apart by their text"),
            (ARTICLES_TOPIC,),
            Said("خوراک‌های خبری", f"News feeds (`{ARTICLES_TOPIC}`)"),
        ),
        _kpi(
            "followers",
            Said("دنبال‌کنندگان", "Followers"),
            Part("", "L", "count", Level("audience", "followers")),
            Said("دنبال‌کنندگان حساب‌های خودمان", "Followers of the own accounts"),
            Said("اندازهٔ مخاطب", "Size of the audience"),
            Said("یک نفر در دو سکو دو بار است", "One person on two platforms is two"),
            (AUDIENCE_TOPIC,),
            Said("آمار حساب‌ها", f"Account figures (`{AUDIENCE_TOPIC}`)"),
        ),
    )
}
