"""The KPIs: one SQL file each, from which the lake's tables, the sinks' columns, listings and docs derive.

sql/            the KPIs, and in sql/shared/ the relations that several of them read
relations.py    what engines lay below them: listens and the catalogue
header.py       a file's header
portable.py     the SQL that means the same everywhere
syntax.py       names and lines of pieces of SQL
lineage.py      what a SELECT reads and gives
consistency.py  a header against its SELECT
registry.py     the checked whole: load_kpis
render.py       SQL in an engine's dialect
reference.py    docs/kpis.md
"""
