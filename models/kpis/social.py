"""KPIs of posts and press."""

from typing import Final

from models.article import ARTICLES_TOPIC
from models.audience import AUDIENCE_TOPIC
from models.kpis.formula import Choice, Counted, Expr, Level, Minus, Sum
from models.kpis.parts import VIEWS, post, post_net
from models.kpis.shape import Kpi, Part, Said
from models.post import POSTS_TOPIC

_ANY_PERIOD: Final = Said("هر بازه؛ واکنش‌ها در زمان مشاهده شمرده می‌شوند", "Any; engagement counts when it was observed")
_POSTS: Final = Said("پست‌هایی که کمپین را نام می‌برند", f"Posts that mention the campaign (`{POSTS_TOPIC}`)")


def _counter(
    name: str,
    title: Said,
    metric: str,
    what: Said,
    purpose: Said,
    pitfall: Said,
    part: Part | None = None,
) -> Kpi:
    return Kpi(
        id=name,
        title=title,
        kind="A",
        unit="count",
        parts=(part or Part("", "A", "count", post(metric), net=post_net(metric)),),
        inputs=(POSTS_TOPIC,),
        what=what,
        purpose=purpose,
        source=_POSTS,
        period=_ANY_PERIOD,
        pitfall=pitfall,
    )


def _without_own(comments: Expr) -> Expr:
    """Comments, by setting without the replies of the campaign's own accounts."""
    return Choice("own_replies", {"include": comments, "exclude": Minus(comments, post("own_replies"))})


SOCIAL: Final[tuple[Kpi, ...]] = (
    _counter(
        "social_shares",
        Said("اشتراک‌گذاری اجتماعی", "Social shares"),
        "shares",
        Said("هم‌رسانی‌های تازهٔ پست‌های مرتبط", "New shares of the posts that mention the campaign"),
        Said("پیام چقدر دست‌به‌دست می‌شود", "How far the message is passed on"),
        Said(
            "بازنشر نباید هم اشتراک و هم اشارهٔ تازه شمرده شود؛ تنظیم reposts تعیین می‌کند",
            "A repost must not be a share and a mention twice: `reposts` in the campaign file decides",
        ),
    ),
    Kpi(
        id="press_mentions",
        title=Said("بازتاب خبری", "Press mentions"),
        kind="A",
        unit="articles",
        parts=(
            Part("articles", "A", "articles", Sum("press", ("press_mentions",))),
            Part("stories", "S", "stories", Counted("stories")),
        ),
        inputs=(ARTICLES_TOPIC,),
        what=Said(
            "مقاله‌هایی که کمپین را نام می‌برند، و شمار خبرهای یکتای میان آن‌ها",
            "Articles that mention the campaign, and how many distinct stories they are",
        ),
        purpose=Said("دیده شدن در رسانه‌ها", "Visibility in the press"),
        source=Said("خوراک‌های خبری", f"News feeds (`{ARTICLES_TOPIC}`)"),
        period=Said("در زمان انتشار مقاله", "By time of publication"),
        pitfall=Said(
            "رونوشت خبرگزاری‌ها یک خبر است؛ پیوند «مطالب مرتبط» اشاره نیست",
            "Syndicated copies are one story; a list of related links is no mention",
        ),
    ),
    Kpi(
        id="engagement_rate",
        title=Said("نرخ تعامل", "Engagement rate"),
        kind="R",
        unit="ratio",
        parts=(
            Part(
                "",
                "R",
                "ratio",
                Choice(
                    "engagement_saves",
                    {
                        "false": Sum("posts", ("likes", "comments", "shares")),
                        "true": Sum("posts", ("likes", "comments", "shares", "saves")),
                    },
                ),
                Choice(
                    "engagement_base",
                    {
                        "reach": Sum("audience", ("reach",)),
                        "impressions": Sum("audience", ("impressions",)),
                        "views": VIEWS,
                        "followers": Level("audience", "followers"),
                    },
                ),
            ),
        ),
        inputs=(POSTS_TOPIC, AUDIENCE_TOPIC),
        what=Said(
            "پسند و دیدگاه و اشتراک (و به انتخاب ذخیره) به ازای هر بیننده یا دنبال‌کننده",
            "Likes, comments and shares (saves by setting) per person reached, impression, view or follower",
        ),
        purpose=Said("کیفیت ارتباط با مخاطب، جدا از اندازهٔ آن", "Quality of the contact, whatever its size"),
        source=Said("پست‌ها و آمار حساب‌ها", f"Posts and account figures (`{POSTS_TOPIC}`, `{AUDIENCE_TOPIC}`)"),
        period=_ANY_PERIOD,
        pitfall=Said(
            "میانگین نرخ‌های روزانه نیست؛ پایهٔ نرخ بخشی از نام آن است",
            "Never an average of daily rates; the base is part of the name",
        ),
        label="engagement_base",
    ),
    _counter(
        "likes",
        Said("لایک", "Likes"),
        "likes",
        Said("پسندهای تازهٔ پست‌های مرتبط", "New likes of the posts that mention the campaign"),
        Said("واکنش ساده و فوری مخاطب", "The audience's simplest reaction"),
        Said("می‌تواند کم شود؛ ناخالص و خالص جداست", "It can fall: gross and net are two numbers"),
    ),
    _counter(
        "comments",
        Said("دیدگاه", "Comments"),
        "comments",
        Said("دیدگاه‌های تازهٔ زیر پست‌های مرتبط", "New comments under the posts that mention the campaign"),
        Said("گفت‌وگویی که کمپین برمی‌انگیزد", "The conversation that the campaign starts"),
        Said(
            "پاسخ‌های خود برند هم در شمارندهٔ سکو هست؛ با own_replies: exclude کم می‌شود",
            "The brand's own replies are in the platform's counter as well: `own_replies: exclude` takes them out",
        ),
        Part("", "A", "count", _without_own(post("comments")), net=_without_own(post_net("comments"))),
    ),
)
