"""Query text → tree, with every mistake at its line and column.

Costs are bounded here, when a query is read, so that no query makes a worker slow: ``LIMITS`` holds the bounds.
"""

import re
from functools import cache
from typing import Final, NamedTuple, cast

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from models.post import PLATFORMS
from processors.match.patterns import KeywordPattern
from processors.query.facts import check_author, check_lang, check_site
from processors.query.tree import FIELDS, And, Field, FieldName, Near, Node, Not, Or, Term
from processors.query.triggers import triggers


class Limits(NamedTuple):
    """Bounds on what one query may ask for."""

    characters: int = 20_000
    terms: int = 1_000
    depth: int = 40
    distance: int = 100
    wildcards: int = 50
    #: Letters or digits that must stand before ``*``.
    wildcard_prefix: int = 2


LIMITS: Final = Limits()

_GRAMMAR: Final = r"""
    ?start: disjunction
    ?disjunction: conjunction (_OR conjunction)*
    ?conjunction: _signed (_AND _signed | negation)*
    _signed: negation | proximity
    negation: _NOT _signed
    ?proximity: _operand (NEAR _operand)*
    _operand: _OPEN disjunction _CLOSE | phrase | QUOTED | FIELD
    phrase: WORD+

    _OR.3: /OR(?=[\s()"«»“”]|$)/
    _AND.3: /AND(?=[\s()"«»“”]|$)/
    _NOT.3: /NOT(?=[\s()"«»“”]|$)/
    NEAR.3: /O?NEAR(\/\d*)?(?=[\s()"«»“”]|$)/
    QUOTED.2: /("([^"\\]|\\.)*"|«[^»]*»|“[^”]*”)\*?/s
    FIELD.2: /[A-Za-z_]+:(?!\/\/)("([^"\\]|\\.)*"|«[^»]*»|“[^”]*”|[^\s()"«»“”]*)/s
    WORD: /[^\s()"«»“”]+/
    _OPEN: "("
    _CLOSE: ")"

    COMMENT.4: /(?<!\S)(\/\/|#(?=\s))[^\n]*|(?<!\S)\/\*.*?\*\/|<<<.*?>>>/s
    %ignore COMMENT
    %ignore /\s+/
"""
#: Editors put these around right-to-left text; they say nothing.
_DIRECTION_MARKS: Final = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
_OPERATOR: Final = re.compile(r"and|or|not|o?near(/\d*)?", re.IGNORECASE)
_DEEPEST: Final = 400


class QueryProblem(ValueError):  # noqa: N818 - a problem the user mends, not a bug
    """A query that cannot be run; ``line`` and ``column`` count from 1, ``length`` is that of what is at fault."""

    def __init__(self, message: str, line: int, column: int, length: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.length = max(1, length)

    def shown(self, query: str) -> str:
        """The line of the query with a caret below."""
        line = [*query.split("\n"), ""][self.line - 1].replace("\t", " ")
        return f"    {line}\n    {' ' * (self.column - 1)}{'^' * min(self.length, max(1, len(line) - self.column + 1))}"


def parse(query: str) -> Node:
    """The tree of a query. Raises QueryProblem, which says where and what to do."""
    text = _DIRECTION_MARKS.sub(" ", query)
    if len(text) > LIMITS.characters:
        raise QueryProblem(f"is longer than {LIMITS.characters:,} characters; split it into several campaigns", 1, 1)
    _refuse_deep_brackets(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _explained(error, text) from None
    reader = _Reader()
    node = reader.node(tree, 1)
    try:
        triggers(node, lambda _: (True, 0, 0, 0))
    except ValueError:
        raise QueryProblem(_TOO_WIDE, 1, 1, len(text.partition("\n")[0])) from None
    return node


_TOO_WIDE: Final = (
    "matches nearly everything: every alternative needs a word, author: or site: that must be there "
    "(NOT, lang:, platform: and has: only narrow); add one with AND"
)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True, maybe_placeholders=False)


def _refuse_deep_brackets(text: str) -> None:
    """Brackets alone, before the parser: a bound on its work and on ours."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth > _DEEPEST:
            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
            raise QueryProblem(f"brackets are nested deeper than {LIMITS.depth}; take some apart", line, column)


class _Reader:
    """One parse tree made ours, with the bounds kept."""

    def __init__(self) -> None:
        self._terms = 0
        self._wildcards = 0

    def node(self, tree: "Tree[Token] | Token", depth: int) -> Node:
        """The node of a subtree; raises QueryProblem."""
        first = _first(tree)
        if depth > LIMITS.depth:
            raise _at(first, f"is nested deeper than {LIMITS.depth}; take brackets apart")
        if isinstance(tree, Token):
            return self._quoted(tree) if tree.type == "QUOTED" else self._field(tree)
        match tree.data:
            case "phrase":
                return self._phrase(cast("list[Token]", tree.children))
            case "negation":
                return Not(self.node(tree.children[0], depth + 1))
            case "proximity":
                return self._near(tree.children, depth)
            case "conjunction":
                return And(tuple(self.node(child, depth + 1) for child in tree.children))
            case _:
                return Or(tuple(self.node(child, depth + 1) for child in tree.children))

    def _near(self, parts: "list[Tree[Token] | Token]", depth: int) -> Node:
        node = self._operand(parts[0], depth)
        for operator, part in zip(parts[1::2], parts[2::2], strict=True):
            sign = cast("Token", operator)
            distance = sign.partition("/")[2]
            if not distance:
                raise _at(sign, f"{sign} needs a distance in words, such as {sign.rstrip('/')}/5")
            if int(distance[:9]) > LIMITS.distance:
                raise _at(sign, f"{sign}: the distance may be {LIMITS.distance} words at most; use AND beyond that")
            node = Near(node, self._operand(part, depth), int(distance), sign.startswith("O"))
        return node

    def _operand(self, tree: "Tree[Token] | Token", depth: int) -> Node:
        node = self.node(tree, depth + 1)
        if not _has_place(node):
            raise _at(_first(tree), "NEAR and ONEAR take words, phrases and brackets of these with OR, nothing else")
        return node

    def _phrase(self, tokens: "list[Token]") -> Node:
        for token in tokens:
            if len(tokens) > 1 and _OPERATOR.fullmatch(token):
                raise _at(token, f"write {token.upper()} in capitals for the operator, or put the phrase in quotes")
            if token.startswith("-") and len(token) > 1:
                raise _at(token, f"a minus means nothing here; write NOT {token.lstrip('-')}")
            if token.startswith(("<<<", "/*")):
                raise _at(token, f"the comment is never closed; add {'>>>' if token[0] == '<' else '*/'}")
        text = " ".join(tokens)
        return self._term(text.removesuffix("*"), tokens[0], exact=False, wildcard=text.endswith("*"))

    def _quoted(self, token: Token) -> Node:
        wildcard = token.endswith("*")
        text = _unquoted(token.removesuffix("*"))
        inner = text.endswith("*")
        return self._term(text[:-1] if inner else text, token, exact=True, wildcard=wildcard or inner)

    def _term(self, text: str, token: Token, *, exact: bool, wildcard: bool) -> Term:
        self._terms += 1
        if self._terms > LIMITS.terms:
            raise _at(token, f"has more than {LIMITS.terms:,} terms; split it into several campaigns")
        if "*" in text:
            raise _at(token, "* stands for an ending only: move it to the end of the last word, or take it away")
        if wildcard:
            self._wildcards += 1
            self._check_wildcard(text, token)
        try:
            KeywordPattern(text)
        except ValueError as error:
            raise _at(token, f"{token}: {error}") from None
        return Term(text, exact, wildcard)

    def _check_wildcard(self, text: str, token: Token) -> None:
        solid = len(text) - len(text.rstrip("".join(filter(str.isalnum, set(text)))))
        if solid < LIMITS.wildcard_prefix:
            raise _at(token, f"* needs {LIMITS.wildcard_prefix} or more letters or digits right before it")
        if self._wildcards > LIMITS.wildcards:
            raise _at(token, f"is wildcard number {LIMITS.wildcards + 1}; at most {LIMITS.wildcards} are taken")

    def _field(self, token: Token) -> Field:
        self._terms += 1
        name, _, written = token.partition(":")
        value = _unquoted(written).strip()
        if name.lower() not in FIELDS:
            known = ", ".join(f"{field}:" for field in FIELDS)
            raise _at(token, f'there is no field {name}: (known: {known}); to search for the word, quote it: "{token}"')
        field = cast("FieldName", name.lower())
        if not value:
            raise _at(token, f"{name}: needs a value right after the colon, such as {_EXAMPLES[field]}")
        try:
            return Field(field, _CHECKS[field](value))
        except ValueError as error:
            raise _at(token, f"{token}: {error}") from None


def _has_place(node: Node) -> bool:
    """Whether what is found has a place in the text."""
    match node:
        case Term() | Near():
            return True
        case Or():
            return all(map(_has_place, node.children))
        case _:
            return False


def _check_platform(value: str) -> str:
    if value.lower() not in PLATFORMS:
        raise ValueError(f"unknown platform; known: {', '.join(PLATFORMS)}")
    return value.lower()


def _check_has(value: str) -> str:
    if value.lower() not in ("link", "media"):
        raise ValueError("has: knows link and media")
    return value.lower()


_CHECKS: Final = {
    "author": check_author,
    "site": check_site,
    "lang": check_lang,
    "platform": _check_platform,
    "has": _check_has,
}
_EXAMPLES: Final = {
    "author": "author:digikala",
    "site": "site:isna.ir",
    "lang": "lang:fa",
    "platform": "platform:telegram",
    "has": "has:link",
}


def _unquoted(text: str) -> str:
    if text[:1] in ('"', "«", "“"):
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] == '"' else text[1:-1]
    return text


def _first(tree: "Tree[Token] | Token") -> Token:
    """The token with which a subtree begins (of a negation: what is negated)."""
    while not isinstance(tree, Token):
        tree = tree.children[0]
    return tree


def _at(token: Token, message: str) -> QueryProblem:
    return QueryProblem(message, token.line or 1, token.column or 1, len(token.split("\n")[0]))


def _explained(error: UnexpectedInput, text: str) -> QueryProblem:
    """A mistake of form in our words, at the place where it can be mended."""
    if isinstance(error, UnexpectedCharacters):
        char = text[error.pos_in_stream or 0]
        return QueryProblem(f"the quote {char} is never closed; add the closing one", error.line, error.column)
    if not isinstance(error, UnexpectedToken):
        return QueryProblem("cannot be read", 1, 1)
    if error.token.type != "$END":
        return _at(error.token, _unexpected(error.token, error.accepts))
    tokens = list(_parser().lex(text))
    if not tokens:
        return QueryProblem("is empty; write what to search for, or leave the field out", 1, 1)
    if "_CLOSE" in error.accepts:
        return _at(_never_closed(tokens), "the bracket is never closed; add )")
    return _at(tokens[-1], f"nothing follows {tokens[-1]}; take it away or add a word after it")


def _never_closed(tokens: "list[Token]") -> Token:
    opened: list[Token] = []
    for token in tokens:
        if token.type == "_OPEN":
            opened.append(token)
        elif token.type == "_CLOSE":
            opened.pop()
    return opened[-1]


def _unexpected(token: Token, accepted: "set[str]") -> str:
    if token.type == "_CLOSE":
        return "closes a bracket that is empty, unfinished or was never opened; take it away or add a word"
    if token.type in ("_AND", "_OR", "NEAR"):
        return f"{token} stands where a word was expected; take it away, or quote it as a word"
    if token.type == "_NOT":
        return "NOT cannot stand here; NEAR and ONEAR take words, so put NOT before or after the pair"
    if "_AND" in accepted:
        return f"{token} follows without an operator; write AND, OR or NOT before it"
    return f"{token} does not belong here"
