"""Grafana's dashboards in the classic JSON, made with its own builders."""

import json
from itertools import count
from typing import Any, Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import (
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.brands import CAMPAIGN, KPI, TEXT
from deploy.grafana.operating import ALERTING, OVERVIEW, PIPELINE, WORKERS
from deploy.grafana.panels import Board, Kind, Panel, Query
from listener.kpis.metrics import WINDOWS

BOARDS: Final = (OVERVIEW, PIPELINE, WORKERS, CAMPAIGN, KPI, TEXT, ALERTING)
SOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="$datasource")
RUNBOOKS: Final = "https://github.com/social-listener/social-listener/tree/main/deploy/runbooks"
_WINDOWS: Final = ("1h", "1m", "24h")
#: The whole campaign first: what is told by the day (costs, search, ranks) is in no rolling window of minutes.
_KPI_WINDOWS: Final = ("campaign", *(name for name in reversed(WINDOWS) if name != "campaign"))
_BUILDERS: Final[dict[Kind, Any]] = {"timeseries": timeseries.Panel, "stat": stat.Panel, "table": table.Panel}
_GRID: Final = 24


def dashboards() -> dict[str, str]:
    """Uid → JSON of every dashboard."""
    return {board.uid: _json(board) for board in BOARDS}


def _json(board: Board) -> str:
    return json.dumps(_built(board), cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _built(board: Board) -> model.Dashboard:
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(list(board.tags))
        .readonly()
        .refresh("30s")
        .time(board.range, "now")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .link(
            dashboard.DashboardLink("Listener")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["listener"])
            .as_dropdown(True)
        )
        .link(dashboard.DashboardLink("Runbooks").type(model.DashboardLinkType.LINK).url(RUNBOOKS).target_blank(True))
    )
    for name in board.variables:
        made = made.with_variable(_campaigns() if name == "campaign" else _windows(board))
    if board.spikes:
        made = made.annotation(_spikes())
    _place(made, board)
    return made.build()


def _place(made: dashboard.Dashboard, board: Board) -> None:
    """Rows one below the other, their panels from left to right."""
    numbers, y = count(1), 0
    for row in board.rows:
        heading = dashboard.Row(row.title).id(next(numbers)).grid_pos(model.GridPos(h=1, w=_GRID, x=0, y=y))
        made.with_row(heading)
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > _GRID:
                x, y, tallest = 0, y + tallest, 0
            place = model.GridPos(h=panel.height, w=panel.width, x=x, y=y)
            made.with_panel(_panel(panel).id(next(numbers)).grid_pos(place))
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest


def _panel(panel: Panel) -> Any:
    made = _BUILDERS[panel.kind]().title(panel.title).description(panel.description).unit(panel.unit).datasource(SOURCE)
    for letter, query in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", panel.queries, strict=False):
        made = made.with_target(_target(letter, query, panel.kind))
    if panel.kind == "stat":
        made = made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if panel.kind == "timeseries":
        made = made.legend(_legend()).tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    if panel.above is not None:
        steps = [model.Threshold(color="green", value=None), model.Threshold(color="red", value=panel.above)]
        made = made.thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
        made = made.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.LINE))
    return made


def _legend() -> common.VizLegendOptions:
    made = common.VizLegendOptions().show_legend(True).placement(LegendPlacement.BOTTOM)
    return made.display_mode(LegendDisplayMode.LIST).calcs(["lastNotNull"])


def _target(letter: str, query: Query, kind: Kind) -> prometheus.Dataquery:
    made = prometheus.Dataquery().ref_id(letter).expr(query.expr).legend_format(query.legend).datasource(SOURCE)
    if kind == "timeseries":
        return made.range()
    return made.instant().format(PromQueryFormat.TABLE if kind == "table" else PromQueryFormat.TIME_SERIES)


def _campaigns() -> dashboard.QueryVariable:
    made = dashboard.QueryVariable("campaign").label("Campaign").datasource(SOURCE)
    made = made.query("label_values(listener_campaign_closed_timestamp_seconds, campaign)")
    return made.multi(True).include_all(True).all_value(".*").refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)


def window_choices(board: Board) -> tuple[str, ...]:
    """The windows to choose from; the first holds until another is chosen. Empty where there is no such variable."""
    if "window" not in board.variables:
        return ()
    return _KPI_WINDOWS if board is KPI else _WINDOWS


def _windows(board: Board) -> dashboard.CustomVariable:
    choices = window_choices(board)
    chosen = model.VariableOption(selected=True, text=choices[0], value=choices[0])
    return dashboard.CustomVariable("window").label("Window").values(",".join(choices)).current(chosen)


def _spikes() -> dashboard.AnnotationQuery:
    made = dashboard.AnnotationQuery().name("Incidents").datasource(SOURCE).enable(True).icon_color("red")
    return made.expr('max by (campaign, kind, severity) (listener_incident_open{campaign=~"$campaign"}) > 0')
