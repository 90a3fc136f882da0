"""The KPIs, declared once: title, unit, kind, formula, the four questions, the pitfall. All else is made of them."""

from models.kpis.catalogue import BESIDE, KPIS
from models.kpis.shape import Kpi, Part, Said

__all__ = ["BESIDE", "KPIS", "Kpi", "Part", "Said"]
