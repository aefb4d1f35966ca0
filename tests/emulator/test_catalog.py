"""The Glue Data Catalog: of two updates onto one version, one is refused."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError

from hitparade.emulator.catalog import refuse_stale_updates
from tests.emulator.emulated import Emulated
from tests.s3 import moto_server

if TYPE_CHECKING:
    from pyiceberg.table import Table

ROWS = pa.table({"number": pa.array([1], pa.int64())})
WRITERS = 10


@contextlib.contextmanager
def opened(environment: Mapping[str, str]) -> Iterator[GlueCatalog]:
    """A catalog of a writer's own."""
    properties: dict[str, Any] = {"type": "glue", "glue.max-retries": 0}
    for service in ("glue", "s3"):
        properties[f"{service}.endpoint"] = environment["AWS_ENDPOINT_URL"]
        properties[f"{service}.region"] = environment["AWS_REGION"]
        properties[f"{service}.access-key-id"] = environment["AWS_ACCESS_KEY_ID"]
        properties[f"{service}.secret-access-key"] = environment["AWS_SECRET_ACCESS_KEY"]
    catalog = load_catalog("lake", **properties)
    assert isinstance(catalog, GlueCatalog)
    with contextlib.closing(catalog.glue):
        yield catalog


@pytest.fixture
def catalogs(aws: Emulated) -> Iterator[tuple[GlueCatalog, GlueCatalog]]:
    """Two catalogs of one lake."""
    aws.make_bucket("lake")
    with opened(aws.environment) as one, opened(aws.environment) as other:
        one.create_namespace_if_not_exists("music", {"location": "s3://lake/music"})
        yield one, other


def make_table(catalog: GlueCatalog, name: str, retries: int) -> Table:
    table = catalog.create_table(
        ("music", name), schema=ROWS.schema, properties={"commit.retry.num-retries": str(retries)}
    )
    table.append(ROWS)
    return table


def in_the_last_moment(catalog: GlueCatalog, act: Callable[[], None]) -> None:
    """Do something, once, when a catalog has read the table and is about to update it."""

    def acted(**_: Any) -> None:
        events.unregister("before-call.glue.UpdateTable", acted)
        act()

    events = catalog.glue.meta.events
    events.register("before-call.glue.UpdateTable", acted)


def test_the_second_of_two_writers_from_one_base_is_refused(catalogs: tuple[GlueCatalog, GlueCatalog]) -> None:
    make_table(catalogs[0], "twice", retries=0)
    first, second = (catalog.load_table("music.twice") for catalog in catalogs)

    in_the_last_moment(catalogs[1], lambda: first.append(ROWS))
    with pytest.raises(CommitFailedException, match="Glue detected concurrent update"):
        second.append(ROWS)

    assert catalogs[1].load_table("music.twice").scan().to_arrow().num_rows == 2
    second.refresh()
    second.append(ROWS)
    assert catalogs[0].load_table("music.twice").scan().to_arrow().num_rows == 3


def test_appends_of_many_writers_that_try_again_lose_nothing(aws: Emulated) -> None:
    aws.make_bucket("lake")
    with opened(aws.environment) as catalog:
        catalog.create_namespace_if_not_exists("music", {"location": "s3://lake/music"})
        make_table(catalog, "crowded", retries=100)
        together = threading.Barrier(WRITERS)

        def write(_: int) -> None:
            with opened(aws.environment) as own:
                table = own.load_table("music.crowded")
                together.wait()
                table.append(ROWS)

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write, range(WRITERS)))

        assert catalog.load_table("music.crowded").scan().to_arrow().num_rows == 1 + WRITERS


def test_an_update_that_names_no_version_is_taken_and_old_versions_are_kept_unless_skipped(aws: Emulated) -> None:
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "versions"})
    glue.create_table(DatabaseName="versions", TableInput={"Name": "songs", "Parameters": {"state": "1"}})

    def versions() -> list[str]:
        found = glue.get_table_versions(DatabaseName="versions", TableName="songs")["TableVersions"]
        return [entry["Table"]["Parameters"]["state"] for entry in found]

    glue.update_table(DatabaseName="versions", TableInput={"Name": "songs", "Parameters": {"state": "2"}})
    assert versions() == ["1", "2"]
    glue.update_table(
        DatabaseName="versions",
        TableInput={"Name": "songs", "Parameters": {"state": "3"}},
        SkipArchive=True,
        VersionId="2",
    )
    assert versions() == ["1", "3"]
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        glue.update_table(DatabaseName="versions", TableInput={"Name": "songs"}, VersionId="2")


def test_a_table_that_is_there_or_is_not_is_answered_as_by_glue(catalogs: tuple[GlueCatalog, GlueCatalog]) -> None:
    make_table(catalogs[0], "once", retries=0)

    with pytest.raises(TableAlreadyExistsError):
        make_table(catalogs[1], "once", retries=0)
    with pytest.raises(NoSuchTableError):
        catalogs[0].load_table("music.never")
    with pytest.raises(NoSuchTableError):
        catalogs[0].drop_table("music.never")


def test_a_moto_of_this_process_refuses_stale_updates_too() -> None:
    refuse_stale_updates()
    refuse_stale_updates()
    with moto_server() as server, opened(server.environment) as catalog:
        server.make_bucket("lake")
        catalog.create_namespace("music", {"location": "s3://lake/music"})
        make_table(catalog, "twice", retries=0)
        with opened(server.environment) as other:
            first, second = catalog.load_table("music.twice"), other.load_table("music.twice")
            in_the_last_moment(other, lambda: first.append(ROWS))
            with pytest.raises(CommitFailedException, match="Glue detected concurrent update"):
                second.append(ROWS)
