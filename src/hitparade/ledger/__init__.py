"""The ledger: the only commit point. What it does not say did not happen."""

from hitparade.ledger.base import Ledger, open_ledger

__all__ = ["Ledger", "open_ledger"]
