"""Queries: what they mean as trees, and every mistake at its line and column with what to do."""

import pytest

from processors.query.syntax import LIMITS, QueryProblem, parse
from processors.query.tree import And, Field, Near, Node, Not, Or, Term


def word(text: str, *, exact: bool = False, wildcard: bool = False) -> Term:
    return Term(text, exact, wildcard)


A, B, C = word("a"), word("b"), word("c")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a", A),
        ("بانک ملت", word("بانک ملت")),
        ('"بانک ملت"', word("بانک ملت", exact=True)),
        ("«بانک ملت»", word("بانک ملت", exact=True)),
        ("“a b”", word("a b", exact=True)),
        (r'"a \"b\" c"', word('a "b" c', exact=True)),
        ("اسن*", word("اسن", wildcard=True)),
        ('"بانک مل*"', word("بانک مل", exact=True, wildcard=True)),
        ('"بانک مل"*', word("بانک مل", exact=True, wildcard=True)),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("(a OR b) AND c", And((Or((A, B)), C))),
        ("a AND b AND c", And((A, B, C))),
        ("a NOT b", And((A, Not(B)))),
        ("a AND NOT b", And((A, Not(B)))),
        ("NOT b AND a", And((Not(B), A))),
        ("a NOT (b OR c)", And((A, Not(Or((B, C)))))),
        ("a NEAR/3 b OR c", Or((Near(A, B, 3, ordered=False), C))),
        ("a ONEAR/0 (b OR c)", Near(A, Or((B, C)), 0, ordered=True)),
        ("a NEAR/1 b NEAR/2 c", Near(Near(A, B, 1, ordered=False), C, 2, ordered=False)),
        ("author:@DigiKala", Field("author", "@DigiKala")),
        ('Author:"علی رضایی"', Field("author", "علی رضایی")),
        ("a AND lang:FA-ir", And((A, Field("lang", "fa-ir")))),
        ("site:isna.ir/news", Field("site", "isna.ir/news")),
        ("a platform:twitter"[:1], A),
        ("#ایران OR @isna OR c++", Or((word("#ایران"), word("@isna"), word("c++")))),
        ("https://divar.ir/x OR t.me/a", Or((word("https://divar.ir/x"), word("t.me/a")))),
        ('a # comment AND b\nOR b // more\n/* (( */ OR <<< " >>> c', Or((A, B, C))),
        ("\u200fa\u200f \u202bOR\u202c b", Or((A, B))),
        ("android OR ORacle OR NOTE OR NEARby", Or(tuple(map(word, ("android", "ORacle", "NOTE", "NEARby"))))),
        ("a\nOR\n  b", Or((A, B))),
    ],
)
def test_tree(query: str, tree: Node) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "line", "column", "message"),
    [
        ("", 1, 1, "is empty"),
        ("  \n ", 1, 1, "is empty"),
        ("# only a comment", 1, 1, "is empty"),
        ("a AND\n  (b OR c", 2, 3, "the bracket is never closed; add )"),
        ("a)", 1, 2, "never opened; take it away"),
        ("()", 1, 2, "empty"),
        ("a AND", 1, 3, "nothing follows AND; take it away or add a word after it"),
        ("a OR OR b", 1, 6, "OR stands where a word was expected"),
        ("AND a", 1, 1, "AND stands where a word was expected"),
        ('a "b"', 1, 3, "write AND, OR or NOT before it"),
        ("a\n(b)", 2, 1, "write AND, OR or NOT before it"),
        ("a lang:fa", 1, 3, "write AND, OR or NOT before it"),
        ('a OR "b c', 1, 6, "is never closed; add the closing one"),
        ("a OR foo:bar", 1, 6, "there is no field foo: (known: author:, site:, lang:, platform:, has:); to"),
        ("author:", 1, 1, "author: needs a value right after the colon, such as author:digikala"),
        ("author:،", 1, 1, "nothing is left"),
        ("site:isna", 1, 1, "not a domain; give one such as isna.ir"),
        ("a AND lang:persian", 1, 7, "not a language tag; give one such as fa"),
        ("a AND platform:twiter", 1, 7, "unknown platform; known: twitter, "),
        ("a AND has:picture", 1, 7, "has: knows link and media"),
        ("a NEAR b", 1, 3, "NEAR needs a distance in words, such as NEAR/5"),
        ("a ONEAR/ b", 1, 3, "ONEAR/ needs a distance in words, such as ONEAR/5"),
        ("a NEAR/101 b", 1, 3, "the distance may be 100 words at most"),
        ("a NEAR/2 (b AND c)", 1, 11, "NEAR and ONEAR take words"),
        ("a NEAR/2 lang:fa", 1, 10, "NEAR and ONEAR take words"),
        ("a NEAR/2 NOT b", 1, 10, "NOT cannot stand here"),
        ("a and b", 1, 3, "write AND in capitals for the operator, or put the phrase in quotes"),
        ("a near/3 b", 1, 3, "write NEAR/3 in capitals"),
        ("a OR -b", 1, 6, "a minus means nothing here; write NOT b"),
        ("ab*c", 1, 1, "* stands for an ending only"),
        ("*bc", 1, 1, "* stands for an ending only"),
        ("b*", 1, 1, "* needs 2 or more letters or digits right before it"),
        ("a OR ،", 1, 6, "nothing is left to search for"),
        ("a <<< b", 1, 3, "the comment is never closed; add >>>"),
        *(
            (query, 1, 1, "matches nearly everything")
            for query in (
                "NOT a", "a OR NOT b", "lang:fa", "platform:twitter OR a", "has:link AND NOT a", "NOT (a AND b)",
                "NOT (NOT lang:fa)", "(a AND b) OR (lang:fa AND NOT c)",
            )
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_at_its_place(query: str, line: int, column: int, message: str) -> None:
    with pytest.raises(QueryProblem) as caught:
        parse(query)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("query", ["NOT (NOT a)", "NOT (NOT a OR lang:fa)", "NOT a AND b", "author:x OR site:a.ir"])
def test_what_can_be_searched_for_is_taken(query: str) -> None:
    parse(query)


def test_the_caret_points_at_the_mistake() -> None:
    query = "a AND\n\t(b near/2 c)"
    with pytest.raises(QueryProblem) as caught:
        parse(query)
    assert caught.value.shown(query) == "     (b near/2 c)\n        ^^^^^^"


@pytest.mark.parametrize(
    "query",
    [
        "a" * (LIMITS.characters + 1),
        " OR ".join(["a"] * (LIMITS.terms + 1)),
        " OR ".join(f"ab{n}*" for n in range(LIMITS.wildcards + 1)),
        "NOT " * 1_000 + "a",
        "(a OR NOT " * (LIMITS.depth + 1) + "b" + ")" * (LIMITS.depth + 1),
        "(" * 10_000,
        "((" * 200 + "a",
        "a NEAR/99999999999999999999 b",
    ],
    ids=range(8),
)
def test_costs_are_bounded(query: str) -> None:
    with pytest.raises(QueryProblem):
        parse(query)


def test_as_much_as_the_bounds_allow_is_taken() -> None:
    assert parse(" OR ".join(["ab*"] * LIMITS.wildcards + ["a"] * (LIMITS.terms - LIMITS.wildcards)))
    assert parse(f"a NEAR/{LIMITS.distance} b")
