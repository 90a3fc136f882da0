"""Names of known brands, and which of them are everyday words. Data, no logic."""

from itertools import chain
from typing import Final

from models.relevance.cues import BRANDS

#: In canonical letters without half-spaces.
NAMES: Final = frozenset(chain.from_iterable(BRANDS.values())) - BRANDS["institution"] | {
    "اسنپفود",
    "کافهبازار",
    "ایرانخودرو",
}
#: Names that are everyday words: they name a brand only after a noun that says so (بانک ملت).
EVERYDAY: Final = frozenset(
    [
        *(
            "ملت",
            "همراه",
            "بله",
            "آسمان",
            "آینده",
            "تجارت",
            "صادرات",
            "رفاه",
            "دیوار",
            "گپ",
            "شهروند",
            "فارس",
            "شرق",
            "مهر",
        ),
        *(
            "ملی",
            "شهر",
            "دی",
            "مسکن",
            "کشاورزی",
            "گردشگری",
            "سرمایه",
            "پاک",
            "هفت",
            "صبا",
            "مبین",
            "نوین",
            "دانا",
            "البرز",
        ),
        *(
            "آسیا",
            "کوثر",
            "شاهین",
            "تماشا",
            "چشمه",
            "استقلال",
            "فولاد",
            "سامان",
            "سروش",
            "تارا",
            "دنا",
            "هما",
            "میهن",
            "سینا",
        ),
    ]
)
