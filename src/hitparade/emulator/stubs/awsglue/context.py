"""The context that scripts wrap around Spark's. Dynamic frames are Glue's alone: data frames are what is here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession


class GlueContext:
    """A Spark context with its session."""

    def __init__(self, sparkContext: SparkContext) -> None:  # noqa: N803 - Glue's name
        from pyspark.sql import SparkSession

        self.spark_session: SparkSession = SparkSession(sparkContext)

    def get_logger(self) -> logging.Logger:
        """The logger whose lines go to the run's log."""
        return logging.getLogger("GlueLogger")
