"""Watched accounts: posts by them, and posts that address them."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from processors.match.canonical import Canonical
from processors.match.folding import CASE_CHANGE, TAG_UNDERSCORE
from processors.match.results import Hit

#: Handles and native ids are ASCII on every platform we read.
_NAME: Final = f"a-z0-9_{CASE_CHANGE}{TAG_UNDERSCORE}"
_ACCOUNT: Final = re.compile(r"@?[A-Za-z0-9_](?:[A-Za-z0-9_.:@/-]*[A-Za-z0-9_])?")


def account_key(name: str) -> str:
    """What two spellings of one handle or id share: no ``@`` before it, no case."""
    return name.removeprefix("@").lower()


def is_account(name: str) -> bool:
    """Whether this can be a handle or a native id."""
    return _ACCOUNT.fullmatch(name) is not None


class AccountPattern:
    """``@handle`` in the text of a post, as a whole handle. Raises ValueError for what cannot be a handle or id."""

    def __init__(self, account: str) -> None:
        if not is_account(account):
            raise ValueError("not a handle or id: use Latin letters, digits and _ . : @ / -")
        self.key = account_key(account)
        #: The longest part that JSON writes as it is.
        self.literal = max(self.key.split("/"), key=len)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        name = f"{CASE_CHANGE}?".join(f"[_{TAG_UNDERSCORE}]" if char == "_" else re.escape(char) for char in self.key)
        return re.compile(f"(?<![{_NAME}@])@{name}(?![{_NAME}]|[.@-]+[{_NAME}])")

    def find(self, post: Canonical, places: int | None = None) -> tuple[Hit, ...]:  # noqa: ARG002 - as of keywords
        """Every place where the post addresses the account; the span holds the ``@``."""
        found = self._regex.finditer(post.words.text)
        return tuple(Hit(*post.words.span(*match.span()), "account") for match in found)

    def signs(self) -> Iterable[str]:
        """The handle as canonical text without underscores writes it."""
        return ("@" + self.key.replace("_", ""),)

    def whole(self) -> None:
        """No suffix follows a handle."""
