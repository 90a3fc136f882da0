"""HTML to text."""

import pytest

from listener.sources.text import one_line, plain_text, read_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>یک</p><p>دو<br/>سه</p>", "یک\n\nدو\nسه"),
        ("a &amp; b&nbsp;&raquo; &#x6cc; &zwnj;", "a & b » ی \u200c"),
        ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("a\n  b\tc", "a b c"),
        ("1 < 2 and <b>bold", "1 < 2 and bold"),
        ("<p>cut <a href='x", "cut"),
        ("می‌شود", "می‌شود"),
        ("before <![if IE]> after <![ broken", "before  after".replace("  ", " ")),
    ],
)
def test_text(html: str, text: str) -> None:
    assert read_html(html).text == text


def test_nothing_left_is_none() -> None:
    assert plain_text("<img src='x'><script>y</script>") is None
    assert plain_text(None) is one_line("") is None
    assert one_line("<b>a</b><br>\n b") == "a b"


def test_links_keep_their_classes() -> None:
    anchors = read_html('<a href=" https://a.example/ " class="mention u-url">@a</a><a>none</a>').anchors
    assert anchors == [("https://a.example/", {"mention", "u-url"})]
