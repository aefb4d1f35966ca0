"""Sinks: where KPIs are served from, beside the lake."""

from hitparade.sinks.base import Sink, open_sink

__all__ = ["Sink", "open_sink"]
