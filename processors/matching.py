"""What a matcher is asked about a record: the same for the worker, the recount and the batch evaluation."""

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from models.article import Article
from models.post import Post
from processors.articles import PRESS_PLATFORM
from processors.windows import to_ms

Found_co = TypeVar("Found_co", covariant=True)


class PostMatcher(Protocol[Found_co]):
    """The part of a matcher that looks at whole records."""

    def post(
        self,
        text: str,
        *,
        platform: str,
        author_handle: str | None,
        author_id: str | None,
        mentions: Collection[str],
        is_repost: bool,
        created_ms: int,
        author_name: str | None = None,
        lang: str | None = None,
        url: str | None = None,
        site: str | None = None,
        links: Collection[str] = (),
        screened: bool = False,
    ) -> Sequence[Found_co]:
        """The campaigns that match."""


def match_post(matcher: PostMatcher[Found_co], post: Post, *, screened: bool = False) -> Sequence[Found_co]:
    """The campaigns that a post matches; ``screened``: its record has passed the prefilter."""
    author = post.author
    return matcher.post(
        post.text or "",
        platform=post.platform,
        author_handle=author.handle if author else None,
        author_id=author.id if author else None,
        author_name=author.display_name if author else None,
        mentions=post.mentions,
        is_repost=post.repost_of is not None,
        created_ms=to_ms(post.created_at),
        lang=post.lang,
        url=post.url,
        links=post.links,
        screened=screened,
    )


def match_article(matcher: PostMatcher[Found_co], article: Article) -> Sequence[Found_co]:
    """The campaigns that an article matches: title, summary and body are one text."""
    return matcher.post(
        article.text,
        platform=PRESS_PLATFORM,
        author_handle=None,
        author_id=None,
        author_name=article.author,
        mentions=(),
        is_repost=False,
        created_ms=to_ms(article.published_at),
        lang=article.lang,
        url=article.canonical_url,
        site=article.publisher.domain,
    )
