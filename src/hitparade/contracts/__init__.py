"""Contracts: what a dataset's files must look like, and what becomes of those that do not."""
