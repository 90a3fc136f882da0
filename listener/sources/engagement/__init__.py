"""Counters of posts that a campaign matched: polled ever more seldom, within each platform's budget."""
