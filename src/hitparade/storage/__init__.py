"""Bytes at a URL: the one place that knows whether they lie on a disk or in a bucket."""

from hitparade.storage.base import Storage, open_storage

__all__ = ["Storage", "open_storage"]
