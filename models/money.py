"""Money: decimal strings outside, integer minor units inside, never a float in between."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Final

from msgspec import Meta

#: A decimal string: digits, perhaps a point and more digits; credits are negative.
Amount = Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$")]
#: An ISO 4217 code.
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]

_USUAL_EXPONENT: Final = 2
#: ISO 4217 minor units where they are not 2.
_EXPONENTS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
#: Codes in use for the toman, which ISO 4217 does not know: ten rials, converted before it gets here.
_TOMAN: Final = frozenset({"IRT", "TMN", "TOM"})


def exponent(currency: str) -> int:
    """Decimal digits of the minor unit."""
    return _EXPONENTS.get(currency, _USUAL_EXPONENT)


def minor_units(text: str, currency: str) -> int:
    """The amount in minor units; ValueError where it has more decimals than the currency, or is in toman."""
    if currency in _TOMAN:
        raise ValueError(f"{currency}: the toman is no ISO 4217 currency; multiply by 10 and write IRR")
    try:
        scaled = Decimal(text).scaleb(exponent(currency))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no decimal number") from None
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{text} has more decimals than {currency} has ({exponent(currency)})")
    return whole


def major_units(minor: int | Fraction, currency: str) -> Fraction:
    """The inverse: exact, as a fraction."""
    unit: int = 10 ** exponent(currency)
    return Fraction(minor) / unit


def checked_money(amount: str | None, currency: str | None, field: str) -> None:
    """ValueError for an amount without currency, or one that ``minor_units`` refuses."""
    if amount is None:
        return
    if currency is None:
        raise ValueError(f"`{field}` needs a `currency`")
    try:
        minor_units(amount, currency)
    except ValueError as error:
        raise ValueError(f"`{field}`: {error}") from None
