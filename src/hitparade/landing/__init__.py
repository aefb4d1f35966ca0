"""The landing zone: which files wait, who they are, and where they go once the ledger has settled them."""
