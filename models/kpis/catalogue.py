"""The 24 KPIs in their order, and those beside them."""

from typing import Final

from models.kpis.beside import BESIDE
from models.kpis.sales import SALES
from models.kpis.shape import Kpi
from models.kpis.social import SOCIAL
from models.kpis.traffic import TRAFFIC

_ORDER: Final = (
    *("search_ranking", "site_rank", "organic_traffic", "referral_traffic", "inbound_links", "time_on_site"),
    *("conversion_rate_per_keyword", "social_shares", "press_mentions", "social_traffic", "engagement_rate", "likes"),
    *("comments", "conversions", "conversion_rate", "cost_per_conversion", "leads", "cost_per_lead", "demos"),
    *("new_customers", "customer_acquisition_cost", "sales_growth", "return_on_investment", "bounce_rate"),
)
_ALL: Final = {kpi.id: kpi for kpi in (*TRAFFIC, *SOCIAL, *SALES)}
KPIS: Final[dict[str, Kpi]] = {name: _ALL[name] for name in _ORDER}

__all__ = ["BESIDE", "KPIS"]
