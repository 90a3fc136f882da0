"""Why a keyword is there or is not, in words: English and Persian. Data, no logic."""

from typing import Final, NamedTuple

from processors.match.results import Rule


class Words(NamedTuple):
    """One reason in both languages; ``{detail}`` is what it is about."""

    en: str
    fa: str


#: Rule → why an occurrence counts.
FOUND: Final[dict[Rule, Words]] = {
    "exact": Words("written as in the campaign", "درست همان‌گونه که در کمپین نوشته شده"),
    "letters": Words(
        "same letters, another spelling (keyboard, marks, digits, case)",
        "همان حرف‌ها با نگارش دیگر (صفحه‌کلید، اِعراب، رقم، بزرگی حروف)",
    ),
    "separator": Words("same words, other space or half-space between", "همان واژه‌ها با فاصله یا نیم‌فاصله‌ی دیگر"),
    "repeat": Words("a stretched letter counts once", "حرف کشیده یک بار حساب می‌شود"),
    "ezafe": Words("with a written ezafe", "با کسره‌ی اضافه‌ی نوشته‌شده"),
    "suffix": Words("with the ending «{detail}»", "با پسوند «{detail}»"),
    "hashtag": Words("in a hashtag", "در یک هشتگ"),
    "handle": Words("in a handle", "در یک نام کاربری"),
    "url": Words("in a link that the campaign asks for", "در پیوندی که کمپین آن را می‌خواهد"),
    "account": Words("by or to a watched account", "نوشته‌ی حساب زیر نظر یا خطاب به آن"),
    "wildcard": Words("a word that begins so (the query's *)", "واژه‌ای که چنین آغاز می‌شود (* در پرس‌وجو)"),
    "field": Words("the author or site that the query asks for", "نویسنده یا سایتی که پرس‌وجو می‌خواهد"),
}

#: Code → why something like the keyword does not count, or why the campaign does not match in spite of it.
MISSED: Final[dict[str, Words]] = {
    "url": Words(
        "inside a link; a link matches only domains and paths that are asked for",
        "درون یک پیوند است؛ در پیوند فقط دامنه و مسیر خواسته‌شده پیدا می‌شود",
    ),
    "letters": Words("another letter: «{detail}»", "حرف دیگری است: «{detail}»"),
    "repeat": Words(
        "a letter more or less: only three and more equal letters are taken as stretched",
        "یک حرف کم یا زیاد: فقط سه حرف یکسان و بیشتر کشیده به شمار می‌آید",
    ),
    "separator": Words("«{detail}» between the words is no separator", "«{detail}» میان واژه‌ها جداکننده نیست"),
    "line_breaks": Words("more than one line break between the words", "بیش از یک شکست سطر میان واژه‌ها"),
    "one_word": Words(
        "the keyword is one word, here it is written apart («{detail}»)",
        "کلیدواژه یک واژه است و این‌جا جدا نوشته شده («{detail}»)",
    ),
    "prefix": Words("the prefix «{detail}» is not accepted", "پیشوند «{detail}» پذیرفته نیست"),
    "word_before": Words(
        "inside a longer word: «{detail}» stands before it", "درون واژه‌ای بلندتر است: پیش از آن «{detail}» آمده"
    ),
    "half_space_before": Words(
        "part of a half-space compound: «{detail}» stands before it",
        "بخشی از ترکیبی با نیم‌فاصله است: پیش از آن «{detail}» آمده",
    ),
    "suffix": Words("the ending «{detail}» is not accepted", "پسوند «{detail}» پذیرفته نیست"),
    "word_after": Words("inside a longer word: «{detail}» follows", "درون واژه‌ای بلندتر است: پس از آن «{detail}» آمده"),
    "half_space_after": Words(
        "part of a half-space compound: «{detail}» follows", "بخشی از ترکیبی با نیم‌فاصله است: پس از آن «{detail}» آمده"
    ),
    "number": Words("inside a longer number", "درون عددی بلندتر است"),
    "quoted": Words("quotes allow no endings and no stretched letters", "در گیومه پسوند و حرف کشیده پذیرفته نیست"),
    "except": Words("inside «{detail}», which `except` lists", "درون «{detail}» است که در except آمده"),
    "none_of": Words("ruled out by «{detail}» (none_of)", "به سبب «{detail}» کنار گذاشته شد (none_of)"),
    "all_of": Words("«{detail}» is missing (all_of)", "«{detail}» در متن نیست (all_of)"),
    "query_lacks": Words("the query also needs «{detail}»", "پرس‌وجو «{detail}» را هم می‌خواهد"),
    "query_not": Words("ruled out by the query's NOT «{detail}»", "NOT «{detail}» در پرس‌وجو آن را کنار گذاشت"),
    "query": Words(
        "the query is not true here (distance, author, site, language, platform, link or media)",
        "پرس‌وجو این‌جا درست نیست (فاصله، نویسنده، سایت، زبان، شبکه، پیوند یا رسانه)",
    ),
    "other": Words("not a whole word here", "این‌جا واژه‌ی کاملی نیست"),
}

#: What readers take for prefixes and endings of a name and the rules do not accept.
REFUSED_PREFIXES: Final = frozenset({"و", "به", "ب", "از", "ال", "با", "در", "می", "نمی", "هم"})
REFUSED_SUFFIXES: Final = frozenset(
    {"ا", "ان", "ات", "ین", "تر", "ترین", "یم", "یت", "یش", "ام", "اش", "ای", "اند", "است", "رو", "را", "هم", "ست"}
)
