"""Incidents.

What happened to a campaign, from closed minutes; why; and what is not like other days (docs/detection.md).
"""

from processors.incidents.state import WatchState, pack_state, unpack_state
from processors.incidents.watch import RULE, CampaignWatch, Change

__all__ = ["RULE", "CampaignWatch", "Change", "WatchState", "pack_state", "unpack_state"]
