"""Hostile CSV files by the thousand: what becomes of each is held against a reading of it in plain Python."""
