"""All kinds of input by topic: what the counting plane can count."""

from typing import Final

from processors.articles import ARTICLE_KIND
from processors.business.plane import BUSINESS_PLANE_KINDS
from processors.kinds import Kind
from processors.posts import POST_KIND

KINDS: Final[dict[str, Kind]] = {kind.stream.topic: kind for kind in (POST_KIND, ARTICLE_KIND, *BUSINESS_PLANE_KINDS)}
