"""Bytes at a URL: the one place that knows whether they lie on a disk or in a bucket."""

from hitparade.storage.base import S3Options, Storage, is_remote

__all__ = ["S3Options", "Storage", "is_remote"]
