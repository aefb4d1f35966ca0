"""Reading KPIs: the one way in which the command line, the dashboard and people's own code get at them.

    from hitparade.charts import Charts

    with Charts.open("hitparade.toml") as charts:
        answer = charts.top_genres()
        answer.rows(), answer.to_pandas(), answer.freshness.as_of

A lake and a sink give the same answers, where the sink holds the KPI: `Charts.open("dynamodb:")`.
"""

from hitparade.charts.answer import Answer
from hitparade.charts.charts import Charts, charts_of
from hitparade.charts.lake import LakeReader
from hitparade.freshness import Freshness

__all__ = ["Answer", "Charts", "Freshness", "LakeReader", "charts_of"]
