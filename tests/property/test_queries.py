"""Queries on raw records: whatever the decoded post matches has passed the raw-bytes filter."""

import json
from datetime import UTC, datetime
from typing import Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from models.article import Article, Publisher
from models.campaign import Campaign, CampaignSet
from models.post import Author, Post
from processors.match import Matcher
from processors.matching import match_article, match_post
from processors.query.syntax import QueryProblem, parse

NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)
WORDS: Final = ("دیجی‌کالا", "بانک ملت", "اسنپ", "علی", "digikala", "twitter", "x", "t.me/snapp", "#ایران", "۳۰")
NAMES: Final = ("digi_kala", "@Snapp", "علی رضایی", "Ali Rezaei", "42", "مؤسسه ۳", "twitter", "text")
SITES: Final = ("isna.ir", "t.me/snapp", "اسنپ.ir", "x.com")
SPELLED: Final = (
    *(
        "ديجي كالا",
        "دیجـی‌کالاها",
        "دِیجی_کالا",
        "بانکِ‌ملت",
        "اسنپ‌فود",
        "اسنپپپپ",
        "علي",
        "DIGIKALA",
        "ＤＩＧＩkala",
        "Twitter",
    ),
    *("X", "https://t.me/snapp", "#ایران", "٣٠", "سلام", "\n", '"', "\\", "ﺑﺎﻧﮏ ﻣﻠﺖ", "", "twitter"),
)
AUTHORS: Final = (
    *(
        "Digi_Kala",
        "snapp",
        "علي‌رضایی",
        "علی رضائی",
        "ali rezaei",
        "ALI REZAEI",
        "42",
        "موسسه ٣",
        "Twitter",
        "TEXT",
        "\u212aala",
    ),
    *("عَلی رضایی", "x"),
)
URLS: Final = (
    "https://www.isna.ir/a",
    "HTTPS://T.me/Snapp/1",
    "http://اسنپ.ir",
    "https://x.com/y",
    "",
    "https://en.ISNA.ir",
)


def leaf() -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(WORDS).map('"{}"'.format),
        st.sampled_from(("دیجی*", "بانک م*", "digi*", "اسن*")),
        st.sampled_from(NAMES).map('author:"{}"'.format),
        st.sampled_from(SITES).map("site:{}".format),
        st.sampled_from(("lang:fa", "platform:twitter", "has:link", "has:media")),
        st.tuples(st.sampled_from(WORDS), st.sampled_from(("NEAR/2", "ONEAR/0")), st.sampled_from(WORDS)).map(" ".join),
    )


def branch(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(inner, st.sampled_from(("AND", "OR", "NOT", "AND NOT")), inner).map(" ".join)
    return st.one_of(joined.map("({})".format), inner.map("(NOT {})".format))


QUERIES: Final = st.recursive(leaf(), branch, max_leaves=6)
OR_OF_FIELDS: Final = st.lists(
    st.one_of(st.sampled_from(NAMES).map('author:"{}"'.format), st.sampled_from(SITES).map("site:{}".format)),
    min_size=1,
    max_size=4,
).map(" OR ".join)
TEXTS: Final = st.lists(st.one_of(st.sampled_from(SPELLED), st.sampled_from(AUTHORS)), max_size=5).map(" ".join)
POSTS: Final = st.builds(
    lambda text, name, handle, url, links, lang: Post(
        event_id="e", schema_version=1, observed_at=NOW, op="create", post_id="p", platform="twitter", created_at=NOW,
        text=text, url=url or None, links=links, lang=lang,
        author=Author(id=handle or "1", handle=handle, display_name=name),
    ),
    TEXTS,
    st.sampled_from((None, *AUTHORS)),
    st.sampled_from((None, *AUTHORS)),
    st.sampled_from(URLS),
    st.lists(st.sampled_from(URLS), max_size=1),
    st.sampled_from((None, "fa", "en")),
)  # fmt: skip


def raws(post: Post | Article) -> list[bytes]:
    """The record as different programs write it."""
    compact = msgspec.json.encode(post)
    plain = json.dumps(json.loads(compact), ensure_ascii=False).encode()
    return [compact, plain, json.dumps(json.loads(compact)).encode(), compact.replace(b"/", b"\\/")]


def matcher_of(query: str) -> Matcher | None:
    try:
        parse(query)
    except QueryProblem:
        return None
    return Matcher(CampaignSet((Campaign(id="q", query=query),)))


@settings(max_examples=600, deadline=None)
@given(st.one_of(QUERIES, OR_OF_FIELDS), st.lists(POSTS, min_size=1, max_size=4))
def test_the_prefilter_never_misses_what_a_query_matches(query: str, posts: list[Post]) -> None:
    matcher = matcher_of(query)
    if matcher is None:
        return
    for post in posts:
        if match_post(matcher, post):
            for raw in raws(post):
                assert matcher.prefilter.candidate(raw), raw.decode()


ARTICLES: Final = st.builds(
    lambda title, summary, body, author, url, extra: Article(
        event_id="e", schema_version=1, observed_at=NOW, op="create", article_id="0" * 64, url="https://a.b",
        canonical_url=url, title=title or "-", summary=summary, body=body, author=author, published_at=NOW,
        publisher=Publisher(domain=extra), lang="fa",
    ),
    TEXTS,
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.sampled_from((None, *AUTHORS)),
    st.sampled_from([url for url in URLS if url.startswith("http")]),
    st.sampled_from(("isna.ir", "en.isna.ir", "x.com", "farsnews.ir")),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(QUERIES, OR_OF_FIELDS), st.lists(ARTICLES, min_size=1, max_size=4))
def test_nor_what_it_matches_in_the_press(query: str, articles: list[Article]) -> None:
    matcher = matcher_of(query)
    for article in articles if matcher else ():
        if matcher and match_article(matcher, article):
            for raw in raws(article):
                assert matcher.prefilter.candidate(raw), raw.decode()


@settings(max_examples=300, deadline=None)
@given(QUERIES, QUERIES, POSTS)
def test_queries_follow_boolean_algebra(one: str, other: str, post: Post) -> None:
    def true(query: str) -> bool | None:
        matcher = matcher_of(query)
        return None if matcher is None else bool(match_post(matcher, post))

    first, second = true(f"id1 OR {one}"), true(f"id1 OR {other}")
    if first is None or second is None:
        return
    assert true(f"id1 OR ({one}) OR ({other})") == (first or second)
    assert true(f"id1 OR (({one}) AND ({other}))") == (first and second)
    assert true(f"id1 OR (({one}) AND NOT ({other}))") == (first and not second)
    assert true(f"id1 OR NOT (NOT ({one}) OR NOT ({other}))") == (first and second)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('ab "()*:/#-\\«»\n،NOTANDORNEAR123'), max_size=40))
def test_any_text_is_a_query_or_a_mistake_with_a_place(text: str) -> None:
    problem = problem_of(text)
    if problem:
        lines = text.split("\n")
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.shown(text)


def problem_of(text: str) -> QueryProblem | None:
    try:
        parse(text)
    except QueryProblem as problem:
        return problem
    return None
