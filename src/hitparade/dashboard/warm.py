"""Streamlit, run with what pages need imported already: whoever looks first does not wait for that."""

from __future__ import annotations

import faulthandler
import sys
from importlib import import_module

NEEDED = ("altair", "duckdb", "pyarrow.compute", "pyiceberg.catalog.sql", "pyiceberg.io.pyarrow", "streamlit.web.cli")


def main() -> None:
    """Import, then do as `python -m streamlit` does with the same arguments. Should a library crash, it says where."""
    faulthandler.enable()
    for name in NEEDED:
        import_module(name)
    sys.modules["streamlit.web.cli"].main(prog_name="streamlit")


if __name__ == "__main__":
    main()
