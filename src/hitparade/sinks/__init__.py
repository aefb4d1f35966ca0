"""Sinks: where KPIs are served from, beside the lake."""

from hitparade.sinks.base import Reader, Sink, Turn, Warehouse, as_served, heard, is_sink, open_reader, open_sink

__all__ = ["Reader", "Sink", "Turn", "Warehouse", "as_served", "heard", "is_sink", "open_reader", "open_sink"]
