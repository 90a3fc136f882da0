"""Which hosts are search engines, social networks, video sites, shops, and payment gateways.

The two long lists are Matomo's (see the head of each file). The overlays add what it lacks: Iranian services, younger
networks, and the names that links are tagged with (``utm_source=instagram``).
"""

from importlib.resources import files
from typing import Final


def _hosts(name: str) -> frozenset[str]:
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


_IRANIAN_SEARCH: Final = ("zarebin.ir", "parsijoo.ir", "gerdoo.me", "yooz.ir", "salam.ir", "rismoon.com")
_NEWER_SEARCH: Final = (
    *("duckduckgo.com", "search.brave.com", "ecosia.org", "startpage.com", "qwant.com", "yandex.com", "yandex.ru"),
    *("ya.ru", "baidu.com", "bing.com", "search.yahoo.com", "sogou.com", "so.com", "naver.com", "seznam.cz"),
    *("kagi.com", "mojeek.com", "you.com", "petalsearch.com"),
)
_IRANIAN_SOCIAL: Final = (
    *("eitaa.com", "eitaa.ir", "bale.ai", "ble.ir", "rubika.ir", "aparat.com", "virasty.com", "splus.ir", "sapp.ir"),
    *("soroush-app.ir", "igap.net", "gap.im", "ninisite.com", "virgool.io", "cloob.com", "facenama.com", "hamsaye.com"),
)
_NEWER_SOCIAL: Final = (
    *("t.me", "telegram.me", "telegram.org", "telegram.dog", "org.telegram.messenger", "x.com", "threads.net"),
    *(
        "threads.com",
        "bsky.app",
        "mastodon.social",
        "mastodon.online",
        "joinmastodon.org",
        "tiktok.com",
        "snapchat.com",
    ),
    *("whatsapp.com", "wa.me", "com.whatsapp", "discord.com", "discord.gg", "signal.org", "clubhouse.com", "quora.com"),
    *("instagram.com", "com.instagram.android", "com.facebook.katana", "com.linkedin.android", "m.me", "pin.it"),
)

SEARCH_HOSTS: Final = _hosts("search.txt") | frozenset((*_IRANIAN_SEARCH, *_NEWER_SEARCH))
SOCIAL_HOSTS: Final = _hosts("social.txt") | frozenset((*_IRANIAN_SOCIAL, *_NEWER_SOCIAL))
VIDEO_HOSTS: Final = frozenset(
    ("youtube.com", "youtu.be", "vimeo.com", "dailymotion.com", "twitch.tv", "netflix.com", "filimo.com", "namava.ir")
)
SHOPPING_HOSTS: Final = frozenset(
    (
        *("amazon.com", "ebay.com", "etsy.com", "walmart.com", "aliexpress.com", "shopping.google.com"),
        *("torob.com", "emalls.ir", "digikala.com", "basalam.com", "esam.ir"),
    )
)
#: Google under every country's domain, and its app.
GOOGLE: Final = r"(?:^|\.)google\.(?:com|cat|[a-z]{2}|com?\.[a-z]{2})$|^com\.google\.android\.googlequicksearchbox$"
#: Mail and tools of Google are no search.
NOT_SEARCH: Final = ("mail.google.com", "docs.google.com", "drive.google.com", "accounts.google.com", "meet.google.com")

#: What links are tagged with instead of a host: ``utm_source=instagram``.
SEARCH_NAMES: Final = frozenset(
    ("google", "bing", "yahoo", "duckduckgo", "yandex", "baidu", "ecosia", "brave", "zarebin", "parsijoo", "naver")
)
SOCIAL_NAMES: Final = frozenset(
    (
        *("facebook", "fb", "instagram", "ig", "insta", "twitter", "x", "telegram", "tg", "linkedin", "pinterest"),
        *("tiktok", "snapchat", "reddit", "whatsapp", "threads", "bluesky", "mastodon", "discord", "tumblr", "vk"),
        *("weibo", "quora", "eitaa", "bale", "rubika", "aparat", "virasty", "soroush", "splus", "igap", "clubhouse"),
        *("ninisite", "virgool", "youtube", "vimeo"),
    )
)
VIDEO_NAMES: Final = frozenset(("youtube", "vimeo", "twitch", "dailymotion", "filimo", "namava"))
SHOPPING_NAMES: Final = frozenset(("amazon", "ebay", "etsy", "torob", "emalls", "digikala", "basalam"))

#: Payment gateways that send a buyer back to the shop: the way back is no referral. A campaign may set its own list.
PAYMENT_GATEWAYS: Final = (
    *("shaparak.ir", "zarinpal.com", "idpay.ir", "nextpay.org", "nextpay.ir", "zibal.ir", "payping.ir", "pay.ir"),
    *("vandar.io", "sizpay.ir", "jibit.ir", "jibit.io", "digipay.ir", "mydigipay.com", "snapppay.ir", "azkivam.com"),
    *(
        "tara360.ir",
        "bitpay.ir",
        "sadadpsp.ir",
        "sep.ir",
        "pec.ir",
        "asanpardakht.ir",
        "behpardakht.com",
        "irankish.com",
    ),
    *("paypal.com", "stripe.com", "checkout.stripe.com"),
)

#: The default channel group of GA4, in the order of its rules, as labels.
CHANNELS: Final = (
    *("direct", "cross_network", "paid_shopping", "paid_search", "paid_social", "paid_video", "display", "paid_other"),
    *("organic_shopping", "organic_social", "organic_video", "organic_search", "referral", "email", "affiliates"),
    *("audio", "sms", "mobile_push", "unassigned"),
)
