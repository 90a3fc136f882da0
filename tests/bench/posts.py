"""The benchmark's input: synthetic Persian posts, of which a set share holds one of a set number of keywords."""

# ruff: noqa: SIM905 - a list of words is read more easily as text

import random
from collections.abc import Iterator
from typing import Final

import msgspec

from models.campaign import Campaign, CampaignSet

WORDS: Final = """
امروز فردا خانه کتاب مردم شهر زندگی دوست خبر بازی هوا باران کار پول ماشین راه خیابان مدرسه دانشگاه
فیلم موسیقی غذا چای قهوه صبح شب روز هفته ماه سال دنیا ایران تهران مشهد شیراز تبریز اصفهان فوتبال تیم
بازیکن گل داور قیمت بازار دلار طلا خرید فروش کیفیت خوب بد عالی زیبا بزرگ کوچک جدید قدیمی سریع آرام
سخت آسان می‌آید گفت کرد شد است بود هست نیست این آن که از به با در برای تا هم نیز اما ولی اگر چون پس
یعنی واقعا شاید همیشه هرگز هنوز دوباره خیلی کمی بسیار تنها همه
""".split()
_SYLLABLES: Final = """
با بی بو پا پی تا تو جا چا خا دا دی را رو زا سا شا شی فا کا کی گا لا لو ما می نا نو وا یا
""".split()
_LATIN: Final = """
ba bi bo pa pi ta to ja cha kha da di ra ro za sa sha shi fa ka ki ga la lo ma mi na no va ya
""".split()


def campaign_set(keywords: int, seed: int = 7, campaigns: int | None = None) -> CampaignSet:
    """Two thirds Persian brand names, one third Latin ones, all invented; one campaign per keyword unless said."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    names: dict[str, None] = {}
    while len(names) < keywords:
        parts = _LATIN if len(names) % 3 == 2 else _SYLLABLES
        names["".join(rng.choice(parts) for _ in range(4)) + ("x" if parts is _LATIN else "ژ")] = None
    shares: list[list[str]] = [[] for _ in range(campaigns or keywords)]
    for number, name in enumerate(names):
        shares[number % len(shares)].append(name)
    return CampaignSet(
        tuple(Campaign(id=f"c{number:04}", name=some[0], keywords=tuple(some)) for number, some in enumerate(shares))
    )


def posts(
    count: int, campaigns: CampaignSet, share: float, seed: int = 11, length: int = 16, first: int = 0, now: str = ""
) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of ``count`` posts of ``length`` words (16: some 350 bytes), created over one day or ``now``.

    ``share`` of them hold a keyword; their ids count from ``first`` on.
    """
    rng = random.Random(seed)  # noqa: S311
    keywords = [keyword for campaign in campaigns.campaigns for keyword in campaign.keywords]
    for number in range(count):
        words = rng.choices(WORDS, k=length)
        if rng.random() < share:
            words[rng.randrange(length)] = rng.choice(keywords)
        second = number * 86_400 // count
        moment = now or f"2026-11-20T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
        post_id = f"twitter:{first + number:09}"
        post = {
            "event_id": f"e{first + number}",
            "schema_version": 1,
            "observed_at": moment,
            "op": "create",
            "post_id": post_id,
            "platform": "twitter",
            "created_at": moment,
            "text": " ".join(words),
            "author": {"id": f"u{number % 5000}"},
        }
        yield post_id.encode(), msgspec.json.encode(post)
