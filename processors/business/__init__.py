"""Folds of the business topics: web sessions, people, spend, search, site rank, backlinks, audience.

Each is a pure function ``(entity | None, record, rules) -> Change``. An entity knows all that it contributes to the
cells; what a record changes is the difference between its contributions before and after. So a restated row replaces,
and records that come in another order give the same sums.
"""
