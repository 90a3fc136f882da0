"""Campaigns compiled: each distinct keyword, account and query term is one numbered pattern."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from models.campaign import Campaign
from processors.match.accounts import AccountPattern, is_account
from processors.match.anchors import Anchor, anchor_of
from processors.match.patterns import KeywordPattern
from processors.match.plan import Plan, Term
from processors.match.words import PLAIN, Form, words_of
from processors.query.evaluate import Query
from processors.query.facts import Site, author_key
from processors.query.syntax import parse
from processors.query.tree import And, Field, Near, Node, Not, Or
from processors.query.tree import Term as QueryTerm
from processors.query.triggers import Trigger, triggers

#: How rare an author or site is taken to be: rarer than a short word, less rare than a long one of rare letters.
_FIELD_RARITY: Final = (True, 4, 2, 2)


class Targets(NamedTuple):
    """One campaign's signs: whenever it matches, one of them is there.

    Patterns, authors and sites are of posts; anchors, literals and names (of authors, in any field) of raw records.
    """

    patterns: AbstractSet[int]
    authors: frozenset[str]
    sites: frozenset[str]
    anchors: frozenset[Anchor]
    literals: frozenset[str]
    names: frozenset[Anchor]


class Registry:
    """Gives each distinct keyword, account and query term one pattern."""

    def __init__(self) -> None:
        self.patterns: list[KeywordPattern | AccountPattern] = []
        self._keywords: dict[tuple[str, Form], int] = {}
        self._accounts: dict[str, int] = {}

    def plan(self, campaign: Campaign) -> Plan:
        """Number everything that a campaign searches for; raises ValueError where it searches for nothing."""
        plan = Plan(
            campaign=campaign,
            keywords={term.pattern: term.written for term in self._terms(campaign.keywords)},
            all_of=self._terms(campaign.all_of),
            none_of=self._terms(campaign.none_of),
            excepted=self._terms(campaign.except_),
            accounts=tuple(Term(text, self._account(text)) for text in dict.fromkeys(campaign.accounts)),
            query=self._query(campaign.query) if campaign.query else None,
        )
        if not plan.searches and not plan.all_of:
            raise ValueError(f"campaign {campaign.id} searches for nothing")
        return plan

    def targets(self, plan: Plan) -> Targets:
        """What makes the campaign worth looking at."""
        asked = triggers(plan.query.root, self._rarity) if plan.query else frozenset[Trigger]()
        fields = [one for one in asked if isinstance(one, Field)]
        authors = [one.value for one in fields if one.name == "author"]
        hosts = [site.host for one in fields if one.name == "site" and (site := Site.of(one.value))]
        handles = [*filter(is_account, authors), *(term.written for term in plan.accounts)]
        searched = {self._keywords[_key(one)] for one in asked if isinstance(one, QueryTerm)}
        searched.update(plan.keywords)
        must = [term.pattern for term in plan.all_of] if not plan.searches else []
        return Targets(
            patterns=searched.union(must, (term.pattern for term in plan.accounts)),
            authors=frozenset(map(author_key, authors)),
            sites=frozenset(hosts),
            # Every all_of word must be there, so where nothing else is searched for the rarest decides alone.
            anchors=frozenset(map(self._anchor, [max(must, key=self._pattern_rarity)] if must else searched)),
            literals=frozenset((*(AccountPattern(handle).literal for handle in handles), *hosts)),
            names=frozenset(anchor_of(words_of(name)) for name in authors if not is_account(name)),
        )

    def _terms(self, written: Iterable[str]) -> tuple[Term, ...]:
        return tuple(Term(text, self._keyword(text, PLAIN)) for text in dict.fromkeys(written))

    def _keyword(self, text: str, form: Form) -> int:
        if (text, form) not in self._keywords:
            self._keywords[text, form] = len(self.patterns)
            self.patterns.append(KeywordPattern(text, form))
        return self._keywords[text, form]

    def _account(self, text: str) -> int:
        if text not in self._accounts:
            self._accounts[text] = len(self.patterns)
            self.patterns.append(AccountPattern(text))
        return self._accounts[text]

    def _query(self, text: str) -> Query:
        root = parse(text)
        return Query(root, {term: self._keyword(*_key(term)) for term in terms_of(root)})

    def _rarity(self, trigger: Trigger) -> tuple[bool, int, int, int]:
        return _FIELD_RARITY if isinstance(trigger, Field) else self._pattern_rarity(self._keywords[_key(trigger)])

    def _pattern_rarity(self, number: int) -> tuple[bool, int, int, int]:
        return self._anchor(number).rarity

    def _anchor(self, number: int) -> Anchor:
        pattern = self.patterns[number]
        if not isinstance(pattern, KeywordPattern):
            raise TypeError("accounts have a literal, not an anchor")
        return pattern.anchor


def _key(term: QueryTerm) -> tuple[str, Form]:
    return term.text, Form(term.exact, term.wildcard)


def terms_of(node: Node) -> Iterable[QueryTerm]:
    """Every term of a query, in its order."""
    match node:
        case QueryTerm():
            yield node
        case Not():
            yield from terms_of(node.child)
        case And() | Or():
            for child in node.children:
                yield from terms_of(child)
        case Near():
            yield from terms_of(node.left)
            yield from terms_of(node.right)
        case Field():
            return
