"""The Glue Data Catalog as a place to commit to: an update onto a version that has passed is refused.

moto takes every UpdateTable, whatever VersionId it names, so two writers of one Iceberg table would both be told that
they committed, and one would have lost its rows. The real service compares and swaps.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

from moto.core.responses import ActionResult
from moto.glue.exceptions import GlueClientError
from moto.glue.responses import GlueResponse

ONE_AT_A_TIME = threading.RLock()
TABLE_ACTIONS = (
    *("create_table", "get_table", "get_tables", "delete_table", "batch_delete_table"),
    *("get_table_version", "get_table_versions", "delete_table_version"),
)
moto_update_table = GlueResponse.update_table


class ConcurrentModification(GlueClientError):
    """The table has moved on since the version that the update names."""

    def __init__(self) -> None:
        super().__init__("ConcurrentModificationException", "Update table failed due to concurrent modifications.")


def refuse_stale_updates() -> None:
    """Make moto's catalog, wherever it runs in this process, compare and swap. Doing it twice changes nothing."""
    if GlueResponse.update_table is not update_table:
        for name in TABLE_ACTIONS:
            setattr(GlueResponse, name, alone(getattr(GlueResponse, name)))
        setattr(GlueResponse, "update_table", update_table)  # noqa: B010 - mypy knows it for a method


def alone(action: Callable[[GlueResponse], ActionResult]) -> Callable[[GlueResponse], ActionResult]:
    """An action that never sees a table between two states: moto checks first and changes later."""

    @functools.wraps(action)
    def locked(self: GlueResponse) -> ActionResult:
        with ONE_AT_A_TIME:
            return action(self)

    return locked


def update_table(self: GlueResponse) -> ActionResult:
    """UpdateTable, refusing a VersionId that is no longer the table's; SkipArchive forgets the version before."""
    asked = self.parameters
    with ONE_AT_A_TIME:
        table = self.glue_backend.get_table(asked["DatabaseName"], asked["TableInput"]["Name"])
        version = table.as_dict()["VersionId"]
        if asked.get("VersionId", version) != version:
            raise ConcurrentModification
        answer = moto_update_table(self)
        if asked.get("SkipArchive"):
            table.delete_version(version)
        return answer
