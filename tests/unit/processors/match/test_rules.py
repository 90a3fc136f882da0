"""The twelve matching rules as tables: text, what is found in it, by which rule."""

import pytest

from models.campaign import Campaign, CampaignSet
from processors.match import Match, Matcher


def found(keyword: str, text: str) -> list[Match]:
    matcher = Matcher(CampaignSet((Campaign(id="c", keywords=(keyword,)),)))
    return [match for campaign in matcher.text(text) for match in campaign.matches]


def pieces(keyword: str, text: str) -> list[str]:
    return [text[match.start : match.end] for match in found(keyword, text)]


#: rule → keyword, text, the occurrences.
FOUND = {
    "1 letters": [
        ("دیجی‌کالا", "ديجي‌كالا خوبه", ["ديجي‌كالا"]),
        ("دیجی‌کالا", "دِیجی‌کالّا", ["دِیجی‌کالّا"]),
        ("دیجی‌کالا", "دیجـــی‌کـالا", ["دیجـــی‌کـالا"]),
        ("شیائومی", "گوشی شیایومی", ["شیایومی"]),
        ("شیایومی", "گوشی شیائومی", ["شیائومی"]),
        ("شیائومی", "شیاي\u0654ومی", ["شیاي\u0654ومی"]),
        ("مؤسسه", "موسسه", ["موسسه"]),
        ("موسسه", "مؤسسة", ["مؤسسة"]),
        ("رسانه", "رسانة", ["رسانة"]),
        ("رسانه", "رسانە و رسانہ و رسانھ", ["رسانە", "رسانہ", "رسانھ"]),
        ("امیر", "أمير إمير", ["أمير", "إمير"]),
        ("آسیا", "ا\u0653سيا", ["ا\u0653سيا"]),
        ("علی", "على", ["على"]),
        ("کیا", "ڪیا", ["ڪیا"]),
        ("الله", "ﷲ", ["ﷲ"]),
        ("لاله", "ﻻله", ["ﻻله"]),
        ("بانک", "ﺑﺎﻧﮏ", ["ﺑﺎﻧﮏ"]),
        ("تپ۳۰", "تپ30 تپ٣٠", ["تپ30", "تپ٣٠"]),
        ("tap30", "Tap۳۰", ["Tap۳۰"]),
        ("digikala", "DIGIKALA ＤｉｇｉＫａｌａ 𝐝𝐢𝐠𝐢𝐤𝐚𝐥𝐚", ["DIGIKALA", "ＤｉｇｉＫａｌａ", "𝐝𝐢𝐠𝐢𝐤𝐚𝐥𝐚"]),
        ("DigiKala", "digikala", ["digikala"]),
        ("café", "CAFÉ Cafe\u0301", ["CAFÉ", "Cafe\u0301"]),
        ("яндекс", "Яндекс", ["Яндекс"]),
    ],
    "2 separators": [
        ("دیجی‌کالا", "دیجی کالا", ["دیجی کالا"]),
        ("دیجی‌کالا", "دیجیکالا", ["دیجیکالا"]),
        ("دیجی کالا", "دیجی‌کالا", ["دیجی‌کالا"]),
        ("دیجی‌کالا", "دیجی_کالا دیجی-کالا", ["دیجی_کالا", "دیجی-کالا"]),
        ("دیجی‌کالا", "دیجی \u00a0\u3000 کالا", ["دیجی \u00a0\u3000 کالا"]),
        ("دیجی‌کالا", "دیجی‌ ‌کالا", ["دیجی‌ ‌کالا"]),
        ("دیجی‌کالا", "دیجی\nکالا", ["دیجی\nکالا"]),
        ("دیجی‌کالا", "دیجی \r\n کالا", ["دیجی \r\n کالا"]),
        ("دیجی‌کالا", "دیجی\u2028کالا", ["دیجی\u2028کالا"]),
        ("دیجی‌کالا", "دیجی¬کالا", ["دیجی¬کالا"]),
        ("دیجی‌کالا", "دیجی\tکالا", ["دیجی\tکالا"]),
        ("بانک ملت", "بانکملت", ["بانکملت"]),
        ("iran air", "IranAir iran-air", ["IranAir", "iran-air"]),
        ("coca-cola", "Coca Cola CocaCola", ["Coca Cola", "CocaCola"]),
        ("حسن نوری", "حسننوری", ["حسننوری"]),
    ],
    "3 half-space": [
        ("دیجیکالا", "دیجی‌کالا", ["دیجی‌کالا"]),
        ("اسنپ", "‌اسنپ‌ عالی", ["اسنپ"]),
        ("اسنپ", "از اسنپ‌، ‌اسنپ", ["اسنپ", "اسنپ"]),
        ("سیب‌زمینی", "سیب زمینی", ["سیب زمینی"]),
        ("دیجی‌کالا", "دی‌جی‌کا‌لا", ["دی‌جی‌کا‌لا"]),
    ],
    "4 suffixes": [
        *(
            ("اسنپ", f"اسنپ{joint}{suffix}", ["اسنپ"])
            for joint in ("", "‌")
            for suffix in (
                "ی",
                "یی",
                "ها",
                "های",
                "هایی",
                "یا",
                "م",
                "ت",
                "ش",
                "مان",
                "مون",
                "تان",
                "تون",
                "شان",
                "شون",
                "و",
                "ه",
                "هام",
                "هاشون",
                "هایمان",
                "یاشون",
                "یها",
                "یه",
                "مو",
                "هارو"[:2] + "و",
                "تونه",
                "یی‌ها",
                "ها‌یشان",
            )
        ),
        ("اسنپ", "اسنپ ها و اسنپ های", ["اسنپ", "اسنپ"]),
        ("بانک ملت", "بانک ملتیا", ["بانک ملت"]),
        ("دیجی‌کالا", "دیجی‌کالائی", ["دیجی‌کالا"]),
        ("اسنپ", "اسنپهاااا", ["اسنپ"]),
    ],
    "5 ezafe": [
        ("خانه ملت", "خانۀ ملت", ["خانۀ ملت"]),
        ("خانه ملت", "خانه\u0654 ملت", ["خانه\u0654 ملت"]),
        ("خانه ملت", "خانه‌ی ملت", ["خانه‌ی ملت"]),
        ("خانه ملت", "خانه‌ی‌ملت", ["خانه‌ی‌ملت"]),
        ("بانک ملت", "بانکِ ملتِ ما", ["بانکِ ملتِ"]),
        ("بیمه ایران", "بیمه‌ی ایران", ["بیمه‌ی ایران"]),
        ("رسانه", "رسانۀ ملی رسانه‌ی ملی", ["رسانۀ", "رسانه"]),
    ],
    "6 boundaries": [
        ("اسنپ", "(اسنپ)، «اسنپ»! اسنپ؟", ["اسنپ"] * 3),
        ("اسنپ", "😀اسنپ😀", ["اسنپ"]),
        ("اسنپ", "اسنپapp appاسنپ", ["اسنپ", "اسنپ"]),
        ("snapp", "snapp's ‘snapp’", ["snapp", "snapp"]),
        ("اسنپ", "@اسنپ #اسنپ", ["اسنپ", "اسنپ"]),
        ("اسنپ", "اسنپ۲ ۲اسنپ", ["اسنپ", "اسنپ"]),
        ("شبکه ۳", "شبکه 3 شبکه ٣. شبکه۳", ["شبکه 3", "شبکه ٣", "شبکه۳"]),
        (
            "اسنپ",
            "اس\u200bن\u200eپ \u202bاسنپ\u202c اس\u00adنپ اس\ufeffنپ اس\u200dنپ",
            [
                "اس\u200bن\u200eپ",
                "اسنپ",
                "اس\u00adنپ",
                "اس\ufeffنپ",
                "اس\u200dنپ",
            ],
        ),
        ("باسلام", "با\u200bسلام", ["با\u200bسلام"]),
        ("اسنپ", "اسنپ_فود اسنپ-فود اسنپ/تپسی", ["اسنپ"] * 3),
        ("c++", "C++ و c++.", ["C++", "c++"]),
        ("🍎", "یک🍎دو 🍎", ["🍎", "🍎"]),
        ("❤️", "❤ ❤️", ["❤", "❤️"]),
        ("at&t", "AT&T", ["AT&T"]),
    ],
    "7 tags": [
        ("digikala", "#DigiKala @DigiKala", ["DigiKala", "DigiKala"]),
        ("kala", "#DigiKala", ["Kala"]),
        ("digikala", "#DigiKalaMag #DIGIKala", ["DigiKala", "DIGIKala"]),
        ("persian", "@BBCPersian", ["Persian"]),
        ("bbc", "@BBCPersian", ["BBC"]),
        ("iphone", "#iPhone", ["iPhone"]),
        ("دیجی‌کالا", "#دیجی_کالا #دیجی‌کالا #دیجیکالا", ["دیجی_کالا", "دیجی‌کالا", "دیجیکالا"]),
        ("باسلام", "#با_سلام", ["با_سلام"]),
        ("تراکتور", "#تیم_تراکتور_تبریز", ["تراکتور"]),
        ("digikala", "@digi_kala_ir", ["digi_kala"]),
        ("snapp", "＃Snapp ＠snapp", ["Snapp", "snapp"]),
        ("ملت", "#ملت", ["ملت"]),
    ],
    "8 urls": [
        ("digikala.com", "https://www.digikala.com/mag", ["digikala.com"]),
        ("digikala.com", "http://shop.DigiKala.com:80?x=1 www.digikala.com", ["DigiKala.com", "digikala.com"]),
        ("digikala.com/mag", "https://digikala.com/mag/12", ["digikala.com/mag"]),
        ("t.me/snapp", "ببین https://t.me/snapp", ["t.me/snapp"]),
        ("https://t.me/snapp", "ببینhttps://T.me/Snapp?a", ["T.me/Snapp"]),
        ("/mag", "https://digikala.com/mag?x", ["/mag"]),
        ("digikala.com", "سایت digikala.com است", ["digikala.com"]),
        ("اسنپ", "اسنپhttps://t.co/x اسنپ", ["اسنپ", "اسنپ"]),
        ("snapp", "snapphttps://t.co/x", ["snapp"]),
        ("اسنپ", "https://t.coاسنپ (https://x.ir/a)اسنپ", ["اسنپ", "اسنپ"]),
        ("snapp", "snapp.ir", ["snapp"]),
        ("digikala.com", "https://u:p@digikala.com.", ["digikala.com"]),
    ],
    "9 repeats": [
        ("سلام", "سلاااام", ["سلاااام"]),
        ("سلام", "سسسلاممممم", ["سسسلاممممم"]),
        ("snapp", "snapppp snnnapp", ["snapppp", "snnnapp"]),
        ("google", "gooooogle", ["gooooogle"]),
        ("سلام", "سلا\u064eااام", ["سلا\u064eااام"]),
        ("سلام", "سلاییی سلاآم سلااأام", ["سلااأام"]),
        ("حسن نوری", "حسنننوری", ["حسنننوری"]),
        ("اسلام", "اسلامم", ["اسلام"]),
    ],
    "10 longer brands": [
        ("سیب", "سیب زمینی", ["سیب"]),
        ("ملت", "بانک ملت", ["ملت"]),
    ],
    "12 other words": [
        ("سامان", "سامانه", ["سامان"]),
        ("ماه", "ماهی", ["ماه"]),
    ],
}

NOT_FOUND = {
    "1 letters": [
        ("دیجی‌کالا", "digikala"),
        ("digikala", "دیجی‌کالا"),
        ("kala", "k\u0430l\u0430"),
        ("kala", "dig\u0456kala"),
        ("آسیاتک", "اسیاتک"),
        ("اسنپ", "اصنپ"),
        ("ماه", "مآه"),
        ("cafe", "café"),
        ("۳۰", "३०"),
    ],
    "2 separators": [
        ("دیجی‌کالا", "دیجی.کالا"),
        ("دیجی‌کالا", "دیجی، کالا"),
        ("دیجی‌کالا", "دیجی#کالا"),
        ("دیجی‌کالا", "دیجی/کالا"),
        ("دیجی‌کالا", "دیجی\n\nکالا"),
        ("دیجی‌کالا", "دیجی\n \nکالا"),
        ("دیجی‌کالا", "دیجی–کالا"),
        ("دیجی‌کالا", "دیجی و کالا"),
        ("snapp food", "snapp¬food"),
    ],
    "3 half-space": [
        ("سیب", "سیب‌زمینی"),
        ("اسنپ", "اسنپ‌فود"),
        ("فود", "اسنپ‌فود"),
        ("سیب", "سیب¬زمینی"),
        ("سیب", "سیب‌‌زمینی"),
        ("سیب", "سیب‌\u200fزمینی"),
        ("باسلام", "با سلام"),
        ("باسلام", "با\nسلام"),
        ("باسلام", "با-سلام با_سلام"),
        ("snapp", "snapp‌food"),
    ],
    "4 suffixes": [
        *(
            ("اسنپ", f"اسنپ{suffix}")
            for suffix in (
                "ا",
                "ان",
                "ات",
                "ین",
                "تر",
                "ترین",
                "یم",
                "یت",
                "یش",
                "ییم",
                "‌ای",
                "‌اش",
                "هاییم",
                "مها",
                "وه",
                "هم",
                "رو",
            )
        ),
        *(("اسنپ", f"{prefix}اسنپ") for prefix in ("و", "به", "ب", "از", "ال", "ال‌", "می‌")),
        ("بانک ملت", "بانکی ملت"),
        ("بانک ملت", "بانک‌ها ملت"),
        ("snapp", "snapps"),
    ],
    "5 ezafe": [("خانه ملت", "خانهی ملت"), ("خانه ملت", "خانه‌یملت")],
    "6 boundaries": [
        ("شبکه ۳", "شبکه ۳۰"),
        ("شبکه ۳", "شبکه ۳٫۵ شبکه 3.5 شبکه ۳٬۰۰۰"),
        ("۳", "۱۳ ۳۰ ۲٫۳"),
        ("سیب", "سیب\u200bزمینی"),
        ("سیب", "سیب\u200dزمینی سیب\u00adزمینی سیب\u200fزمینی"),
        ("ملت", "ملتهب"),
        ("هما", "همان"),
        ("c++", "cc++"),
        ("gap", "igap gaps"),
    ],
    "7 tags": [
        ("kala", "DigiKala #digikala @digikala"),
        ("دیجی", "#دیجیکالا"),
        ("gika", "#DigiKala"),
        ("digik", "#DigiKala"),
    ],
    "8 urls": [
        ("digikala", "https://digikala.com/digikala"),
        ("اسنپ", "https://fa.wikipedia.org/wiki/اسنپ"),
        ("اسنپ", "سلامhttps://x.ir/اسنپ"),
        ("snapp", "www.snapp.ir tg://snapp"),
        ("digikala.com", "https://notdigikala.com https://digikala.com.evil.ir https://x.ir/digikala.com"),
        ("digikala.com/mag", "https://digikala.com/magazine https://digikala.com/x/mag"),
        ("https://t.me/snapp", "t.me/snapp"),
        ("/mag", "https://mag.com /mag"[:16]),
    ],
    "9 repeats": [
        ("سلام", "سلاام"),
        ("snapp", "snap"),
        ("google", "gogle goooogl"),
        ("۱۰", "۱۰۰۰"),
        ("ماما", "ممااامم"),
    ],
}


@pytest.mark.parametrize(
    ("keyword", "text", "expected"),
    [pytest.param(*case, id=f"{rule}-{number}") for rule, cases in FOUND.items() for number, case in enumerate(cases)],
)
def test_found(keyword: str, text: str, expected: list[str]) -> None:
    assert pieces(keyword, text) == expected


@pytest.mark.parametrize(
    ("keyword", "text"),
    [pytest.param(*case, id=f"{rule}-{n}") for rule, cases in NOT_FOUND.items() for n, case in enumerate(cases)],
)
def test_not_found(keyword: str, text: str) -> None:
    assert pieces(keyword, text) == []


@pytest.mark.parametrize(
    ("keyword", "text", "rule"),
    [
        ("دیجی‌کالا", "دیجی‌کالا", "exact"),
        ("دیجی‌کالا", "ديجي‌كالا", "letters"),
        ("digikala", "DigiKala", "letters"),
        ("دیجی‌کالا", "دیجی کالا", "separator"),
        ("دیجیکالا", "دیجی‌کالا", "separator"),
        ("سلام", "سلاااام", "repeat"),
        ("خانه ملت", "خانه‌ی ملت", "ezafe"),
        ("بانک ملت", "بانکِ ملت", "ezafe"),
        ("اسنپ", "اسنپم", "suffix"),
        ("اسنپ", "#اسنپ", "hashtag"),
        ("snapp", "@SnappFood", "handle"),
        ("snapp.ir", "https://snapp.ir", "url"),
    ],
)
def test_rule_is_named(keyword: str, text: str, rule: str) -> None:
    assert [match.rule for match in found(keyword, text)] == [rule]


def test_spans_are_code_points_of_the_original() -> None:
    text = "😀😀 ﷺ اِسنَپ‌ها"
    (match,) = found("اسنپ", text)
    assert (match.start, match.end) == (5, 11)
    assert text[5:11] == "اِسنَپ"
