"""One spelling for one address."""

import pytest

from listener.sources.urls import absolute, canonical, domain


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://A.Example:443/x?utm_source=a&id=5&fbclid=1&GCLID=2#top", "https://a.example/x?id=5"),
        ("http://a.example", "http://a.example/"),
        ("http://a.example:8080/?b=2&a=1", "http://a.example:8080/?b=2&a=1"),
        (
            "https://a.example/خبر/۱?q=الف ب",
            "https://a.example/%D8%AE%D8%A8%D8%B1/%DB%B1?q=%D8%A7%D9%84%D9%81%20%D8%A8",
        ),
        ("https://a.example/%d8%ae?mc_cid=1", "https://a.example/%D8%AE"),
        ("https://user:secret@a.example/x", "https://a.example/x"),
        ("https://a.example/x?utmost=1&ref=2", "https://a.example/x?utmost=1&ref=2"),
        ("https://مثال.example/", "https://xn--mgbh0fb.example/"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
    ],
)
def test_canonical(url: str, expected: str) -> None:
    assert canonical(url) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "link",
    ["", "news/1", "mailto:a@b.example", "javascript:alert(1)", "http://", "http://[::", "http://a:99999/", "urn:x:1"],
)
def test_what_names_no_place_on_the_web(link: str) -> None:
    assert absolute(link, None) is None


def test_relative_links() -> None:
    assert absolute(" /news/1 ", "https://a.example/rss?x") == "https://a.example/news/1"
    assert absolute("//b.example/1", "https://a.example/") == "https://b.example/1"


def test_domain() -> None:
    assert domain("https://WWW.a.example./x") == "a.example"
    with pytest.raises(ValueError, match="no host"):
        domain("/x")
