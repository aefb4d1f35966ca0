"""Sinks: where KPIs are served from, beside the lake."""

from hitparade.sinks.base import Reader, Sink, open_reader, open_sink

__all__ = ["Reader", "Sink", "open_reader", "open_sink"]
