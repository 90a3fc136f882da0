"""Reading NDJSON files as records of an input topic: what ``listener demo`` replays and ``listener recount`` counts."""
