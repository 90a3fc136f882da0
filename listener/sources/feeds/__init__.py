"""The press by polling: feeds and news sitemaps, politely, and the full text where a feed has only a teaser."""
