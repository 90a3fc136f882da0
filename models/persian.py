"""What the matcher knows about written Persian: letters, separators, invisible characters, suffixes. Data, no logic.

The rules behind every table are those of the matching rules (letters, separators, half-space, suffixes, ezafe).
Spellings in the suffix table are canonical: they hold no variant of a letter.
"""

from typing import Final

#: The half-space: joins a compound without joining its letters; never a word boundary.
ZWNJ: Final = "\u200c"

#: The kashida, which stretches a word for the eye only.
TATWEEL: Final = "\u0640"

#: Typed for the half-space by old Windows keyboards; counts as one only between Persian letters.
NOT_SIGN: Final = "\u00ac"

#: Spelling variant → canonical letter: two keyboards, Arabic spellings, hamza carriers, other ways to write he.
LETTERS: Final[dict[str, str]] = {
    "ي": "ی",
    "ى": "ی",
    "ئ": "ی",
    "ك": "ک",
    "ڪ": "ک",
    "ة": "ه",
    "ۀ": "ه",
    "ۂ": "ه",
    "ھ": "ه",
    "ہ": "ه",
    "ە": "ه",
    "ؤ": "و",
    "أ": "ا",
    "إ": "ا",
}

#: The variants that an Arabic keyboard types: each in several posts of a hundred.
OTHER_KEYBOARD: Final = "يك"

#: Variants in about one post of a hundred each, ئ in more; those not named are rarer still.
UNCOMMON_VARIANTS: Final = "ئىأة"

#: Arabic-Indic and Persian digits → ASCII digits; the canonical digit is the ASCII one.
DIGITS: Final[dict[str, str]] = dict(zip("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789", strict=True))

#: Hyphens that stand for a separator; dashes and the minus sign are punctuation.
HYPHENS: Final = "-\u2010\u2011"

#: Line breaks besides carriage return and line feed; canonical form: line feed.
LINE_BREAKS: Final = "\x0b\x0c\x85\u2028\u2029"

#: Letters of the Arabic script in canonical text, as ranges of a character class.
LETTER_RANGES: Final = (
    "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06e5\u06e6\u06ee\u06ef\u06fa-\u06fc\u06ff"
    "\u0750-\u077f\u0870-\u0887\u0889-\u088e\u08a0-\u08c9"
)

#: Format characters (category Cf) that are visible, so not ignored: Arabic number signs and the like.
VISIBLE_FORMATS: Final = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")

#: Marks whose presence on a word is a written ezafe: kasra, hamza above, and heh with yeh.
EZAFE_SIGNS: Final = frozenset("\u0650\u0654ۀ")

#: The letter that writes an ezafe after a half-space (خانه‌ی).
EZAFE_LETTER: Final = "ی"

#: Suffix slots in their order: [relational or indefinite ی] [plural] [possessive] [object و or copula ه].
SUFFIX_YEH: Final = ("ی", "یی")
#: Plurals that a possessive may follow (یا is colloquial).
SUFFIX_PLURALS: Final = ("ها", "های", "یا")
#: The indefinite plural: nothing possessive follows its ی.
SUFFIX_INDEFINITE_PLURAL: Final = "هایی"
SUFFIX_POSSESSIVES: Final = ("مان", "مون", "تان", "تون", "شان", "شون", "م", "ت", "ش")
SUFFIX_ENDINGS: Final = ("و", "ه")
#: What may follow a word's last letter when a suffix or an ezafe does.
SUFFIX_LETTERS: Final = frozenset(
    suffix[0]
    for suffix in (
        *(*SUFFIX_YEH, *SUFFIX_PLURALS, SUFFIX_INDEFINITE_PLURAL),
        *(*SUFFIX_POSSESSIVES, *SUFFIX_ENDINGS, EZAFE_LETTER),
    )
)

#: The most frequent letters of Persian and English running text: a search anchor made of others is rarer.
FREQUENT_LETTERS: Final = frozenset("ایرنهدمتوبشetaoinsr")

#: Words of many names that are everywhere in posts: a name is better searched for by what is in none of them.
COMMON_WORDS: Final = frozenset(
    {
        *("ایران", "ایرانی", "ایرانیان", "اسلامی", "اسلام", "تهران", "بانک", "بیمه", "شرکت"),
        *("شبکه", "تیم", "باشگاه", "گروه", "کشور", "دولت", "مردم", "ملی", "ملت"),
        *("خانه", "شهر", "دانشگاه", "سازمان", "جمهوری", "وزارت", "فروشگاه", "خبر", "خبرگزاری"),
        *("روزنامه", "سایت", "برنامه", "آقای", "دکتر", "خانم", "علی", "محمد", "رضا"),
        *("حسین", "بازار", "کالا", "پول", "کار", "روز", "سال", "همراه", "جهان"),
        *("مرکزی", "صنعتی", "سلامت", "اقتصادی", "سرزمین", "بابا", "توسعه", "سرمایه", "آسیایی", "خودرو"),
        *("تجارت", "صادرات", "اینترنت", "مهربان", "پارسی", "آزادی", "انقلاب", "the", "bank", "iran", "news"),
        *("group", "company"),
    }
)
