"""Feeds of the corpus as articles."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from listener.sources.feed import Origin
from listener.sources.records import Problem, encode
from listener.sources.rss import parse_feed
from models.article import Article

FEEDS = Path(__file__).parent / "corpus" / "feeds"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
TEN_FIFTEEN = datetime(2026, 11, 23, 6, 45, tzinfo=UTC)


def read(document: str | bytes, **origin: object) -> tuple[list[Article], list[str]]:
    raw = document if isinstance(document, bytes) else document.encode()
    results = parse_feed(raw, Origin(**origin), NOW)  # type: ignore[arg-type]
    for result in results:
        if isinstance(result, Article):
            encode(result)
            assert result.article_id == sha256(result.canonical_url.encode()).hexdigest()
    articles = [result for result in results if isinstance(result, Article)]
    return articles, [result.reason for result in results if isinstance(result, Problem)]


def corpus(name: str, **origin: object) -> tuple[list[Article], list[str]]:
    return read((FEEDS / name).read_bytes(), **origin)


def rss(*items: str, head: str = "<link>https://a.example/</link>") -> str:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>A</title>{head}{body}</channel></rss>'


def test_a_persian_feed_with_jalali_dates() -> None:
    articles, problems = corpus("persian_jalali.xml")
    assert problems == ["entry 9 (https://www.namune.example/news/9): no title and no text"]
    assert [article.published_at for article in articles] == [TEN_FIFTEEN] * 5 + [NOW] * 3
    assert [article.published_at_estimated for article in articles] == [False] * 5 + [True] * 3
    first = articles[0]
    assert first.title == "تیتر یک «الف» & ب"
    assert first.canonical_url == "https://www.namune.example/news/1?id=5"
    assert first.summary == "پاراگراف یک\n\nپاراگراف ۲ & پایان\nسطر"
    assert (first.body, first.author, first.section, first.lang) == ("متن کامل", "مریم نمونه", "اقتصاد", "fa")
    assert (first.publisher.domain, first.publisher.name) == ("namune.example", "خبرگزاری نمونه")
    assert first.feed_url == "https://www.namune.example/rss"
    assert articles[1].title == "رقم‌های فارسی ۱۲۳"
    assert (articles[6].title, articles[6].summary) == ("بی‌تیتر", "بی‌تیتر"), "RSS allows a text without a title"


def test_without_a_link_the_guid_is_the_identity() -> None:
    articles, _ = corpus("persian_jalali.xml")
    assert articles[3].url == "https://www.namune.example/rss#n-4"
    assert articles[4].url == "https://www.namune.example/news/5"


def test_without_guid_and_link_the_content_is_the_identity() -> None:
    (one, other, same), _ = read(rss("<title>x</title>", "<title>y</title>", "<title>x</title>"))
    assert one.article_id == same.article_id != other.article_id


def test_a_link_to_the_home_page_is_no_article() -> None:
    item = "<title>x</title><link>https://a.example</link><guid>https://a.example/5</guid>"
    assert read(rss(item))[0][0].url == "https://a.example/5"


def test_without_any_address_there_is_no_article() -> None:
    document = rss("<title>x</title><guid>5</guid>", head="")
    assert read(document) == ([], ["entry 1 (x): no link, and no address of the feed to place it at: give --base-url"])
    (article,), _ = read(document, base_url="https://a.example/rss")
    assert (article.url, article.feed_url) == ("https://a.example/rss#5", "https://a.example/rss")


@pytest.mark.parametrize(
    ("head", "origin", "hour"),
    [
        ("<link>https://a.example/</link>", {}, 10),
        ("<link>https://a.example/</link><language>fa-IR</language>", {}, 6),
        ("<link>https://a.ir/</link>", {}, 6),
        ("<link>https://a.example/</link>", {"base_url": "https://rss.a.ir/all"}, 6),
        ("<link>https://a.ir/</link>", {"zone": ZoneInfo("Asia/Tokyo")}, 1),
    ],
)
def test_dates_without_offset_are_in_the_feeds_zone(head: str, origin: dict[str, object], hour: int) -> None:
    item = "<title>x</title><link>/1</link><pubDate>2026-11-23 10:15:00</pubDate>"
    assert read(rss(item, head=head), **origin)[0][0].published_at.hour == hour


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "2999-01-01T00:00:00Z", "soon", ""])
def test_a_date_that_cannot_be_right_is_estimated(date: str) -> None:
    (article,), _ = read(rss(f"<title>x</title><link>/1</link><pubDate>{date}</pubDate>"))
    assert (article.published_at, article.published_at_estimated) == (NOW, True)


def test_atom() -> None:
    (tea, updated), problems = corpus("atom.xml")
    assert not problems
    assert (tea.title, tea.url, tea.author, tea.section) == (
        "Tea & cake",
        "https://paper.example/2026/tea",
        "A. Writer",
        "food",
    )
    assert tea.published_at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert updated.published_at == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert (tea.lang, tea.feed_url) == ("en-GB", "https://paper.example/atom")


def test_json_feed() -> None:
    (article, untitled), problems = corpus("json_feed.json")
    assert problems == ["item 2: Expected `str | null`, got `int` - at `$.title`"]
    assert (untitled.title, untitled.body) == ("بی‌تیتر", "بی‌تیتر")
    assert (article.published_at, article.canonical_url, article.section) == (TEN_FIFTEEN, "https://ruz.ir/7", "ورزش")


def test_news_sitemap() -> None:
    (english, persian), problems = corpus("news_sitemap.xml")
    assert problems == ["entry 3 (https://paper.example/about): no title and no text"]
    assert (english.publisher.name, english.lang, english.title) == ("The Paper", "en", "Headline & more")
    assert persian.published_at == datetime(2026, 11, 22, 20, 30, tzinfo=UTC)


def test_a_feed_cut_off_loses_only_the_entry_that_is_cut() -> None:
    articles, problems = corpus("truncated.xml")
    assert [article.title for article in articles] == ["تیتر یک «الف» & ب", "رقم‌های فارسی ۱۲۳", "نام ماه", "بی‌پیوند"]
    assert problems == ["entry 5: the document ends in the middle of it"]


def test_a_broken_entry_takes_no_other_with_it() -> None:
    articles, problems = corpus("tags_crossed.xml")
    assert [article.title for article in articles] == ["First & only half", "Second", "Third"]
    assert {article.publisher.name for article in articles} == {"Broken"}
    assert not problems


def test_old_encodings() -> None:
    (article,), _ = corpus("windows_1256.xml")
    assert article.title == "خبر روز تهران"
    misdeclared = '<?xml version="1.0" encoding="windows-1256"?>' + rss("<title>خبر</title><link>/1</link>")
    assert read(misdeclared.encode())[0][0].title == "خبر"
    utf16 = '<?xml version="1.0" encoding="utf-16"?>' + rss("<title>خبر</title><link>/1</link>")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert read(utf16.encode(encoding))[0][0].title == "خبر"


def test_entities_do_not_explode() -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    (article,), _ = read(bomb + rss("<title>x &b; &secret;</title><link>/1</link>"))
    assert article.title == "x &b; &secret;"


def test_the_event_is_the_same_whenever_it_is_read() -> None:
    document = rss("<title>x</title><link>/1</link>").encode()
    first, later = (parse_feed(document, Origin(), NOW.replace(hour=hour))[0] for hour in (1, 2))
    edited = parse_feed(document.replace(b"<title>x", b"<title>y"), Origin(), NOW)[0]
    ids = [encode(one)[:50] for one in (first, later, edited) if isinstance(one, Article)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "the input is empty"),
        (b"hello", "neither XML nor JSON"),
        (b"<html><body>x", "a web page"),
        (b"<sitemapindex><sitemap/></sitemapindex>", "a sitemap of sitemaps"),
        (b"<foo>bar</foo>", "neither RSS nor Atom"),
        (b'{"version": "1", "items": []}', "no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "it', "truncated"),
    ],
)
def test_unreadable_input(document: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_feed(document, Origin(), NOW)


def test_a_feed_without_entries_is_readable() -> None:
    assert read(rss()) == ([], [])


def test_trackers_are_stripped_from_both_addresses_and_nothing_else_is() -> None:
    (article,), _ = read(rss("<title>x</title><link>/خبر?utm_source=rss&amp;id=2&amp;fbclid=z#c</link>"))
    assert article.url == "https://a.example/خبر?id=2#c"
    assert article.canonical_url == "https://a.example/%D8%AE%D8%A8%D8%B1?id=2"


def test_dates_without_offset_follow_the_offset_that_the_feed_names_for_itself() -> None:
    head = "<link>https://a.example/</link><lastBuildDate>Mon, 23 Nov 2026 12:00:00 +0330</lastBuildDate>"
    item = "<title>x</title><link>/1</link><pubDate>2026-11-23 10:15:00</pubDate>"
    assert read(rss(item, head=head))[0][0].published_at == TEN_FIFTEEN
    assert read(rss(item, head=head), zone=ZoneInfo("UTC"))[0][0].published_at.hour == 10
    in_utc = head.replace("+0330", "GMT").replace("a.example", "a.ir")
    assert read(rss(item, head=in_utc))[0][0].published_at == TEN_FIFTEEN, "UTC in the head says nothing"


def atom(entry: str) -> str:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://p.example/fa/"><title>P</title>'
        f'<link href="https://p.example/"/><entry><id>tag:1</id><updated>2026-11-23T10:00:00Z</updated>{entry}</entry></feed>'
    )


def test_atom_text_is_literal_and_html_is_not() -> None:
    (plain,), _ = read(atom('<title type="text">a &lt;b&gt; &amp;amp; c</title><link href="/1"/>'))
    assert plain.title == "a <b> &amp; c"
    (rich,), _ = read(atom('<title type="html">a &lt;b&gt;d&lt;/b&gt; &amp;amp; c</title><link href="/1"/>'))
    assert rich.title == "a d & c"


def test_atom_content_is_the_body_and_links_follow_xml_base() -> None:
    xhtml = (
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>یک <em>دو</em></p><p>سه</p></div></content>'
    )
    links = '<link rel="enclosure" href="a.mp3"/><link rel="alternate" href="news/1.html"/>'
    (article,), _ = read(atom(f"<title>x</title>{links}{xhtml}"))
    assert (article.summary, article.body) == (None, "یک دو\n\nسه")
    assert article.url == "https://p.example/fa/news/1.html"


def test_pictures_and_sounds_lend_nothing_to_the_article() -> None:
    media = '<media:content url="/x.jpg"><media:title>M</media:title></media:content>'
    (article,), _ = read(
        rss(f"{media}<title>x</title><link>/1</link><enclosure url='/x.mp3'/><description>d</description>")
    )
    assert (article.title, article.summary, article.url) == ("x", "d", "https://a.example/1")


def test_a_long_text_without_title_gives_its_first_words() -> None:
    (article,), _ = read(rss(f"<link>/1</link><description>{'کلمه ' * 60}</description>"))
    assert article.title == " ".join(["کلمه"] * 24)
