"""The page: what a brand team sees, in Persian and English, live."""
