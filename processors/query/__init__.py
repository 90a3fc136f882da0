"""The query language: Boolean search beside keywords, with every keyword rule inside.

The matcher runs queries and queries are made of the matcher's patterns: the matcher is always imported first.
"""

import processors.match  # noqa: F401
