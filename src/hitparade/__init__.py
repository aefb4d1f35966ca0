"""Hit Parade: daily charts and KPIs that are right, from the CSV drops of a music-streaming service."""

__version__ = "0.1.0"
