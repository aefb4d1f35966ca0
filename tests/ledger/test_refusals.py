"""What is wrong with a ledger's place is said as an error that tells which ledger, and never its password."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from hitparade.errors import ConfigError, HitParadeError, LakeError, MissingExtra, StorageError
from hitparade.ledger import open_ledger

PASSWORD = "se%40cret"  # noqa: S105 - of nobody
SAID = ("se%40cret", "se@cret")


def test_a_file_that_is_no_database_is_no_lake(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database, whatever its name says\n" * 100)

    ledger = open_ledger(f"sqlite:///{path}")
    with pytest.raises(LakeError, match=r"ledger\.db.*not a database") as refusal:
        ledger.prepare({})

    assert refusal.value.hint
    ledger.close()


def test_a_database_with_other_tables_of_these_names_is_no_lake(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE facts (something TEXT)")
    database.close()

    ledger = open_ledger(f"sqlite:///{path}")
    with pytest.raises(HitParadeError, match=r"ledger\.db"):
        ledger.prepare({"format": "1"})
    ledger.close()


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StorageError, match="file"):
        open_ledger(f"sqlite:///{tmp_path}/file/below/ledger.db")


def test_a_path_that_is_a_folder_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()

    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    with pytest.raises(StorageError, match=r"ledger\.db") as refusal:
        ledger.prepare({})

    assert refusal.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is denied to root")
def test_a_folder_without_rights_is_a_storage_error(tmp_path: Path) -> None:
    folder = tmp_path / "denied"
    folder.mkdir(mode=0o500)

    ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
    with pytest.raises(StorageError, match="denied"):
        ledger.prepare({})


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        f"nosuch://user:{PASSWORD}@host/ledger",
        f"postgresql+psycopg://user:{PASSWORD}@host:port/ledger",
        "postgresql+psycopg://user:pass@word:se@cret@host/ledger",
        f"postgresql+psycopg//user:{PASSWORD}@host/ledger",
        f"postgresql+nosuch://user:{PASSWORD}@host/ledger",
    ],
)
def test_a_url_that_is_none_is_a_mistake_in_the_settings(url: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        open_ledger(url)

    assert not mentions_password(refusal.value)
    assert refusal.value.hint


def test_a_driver_that_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(MissingExtra) as refusal:
        open_ledger(f"postgresql+pg8000://user:{PASSWORD}@host/ledger")

    assert "postgres" in str(refusal.value.hint)
    assert not mentions_password(refusal.value)


def test_a_server_that_does_not_answer_may_answer_later_and_its_password_is_not_told() -> None:
    pytest.importorskip("psycopg")
    ledger = open_ledger(f"postgresql+psycopg://user:{PASSWORD}@127.0.0.1:1/ledger?connect_timeout=2")

    with pytest.raises(StorageError, match=r"127\.0\.0\.1") as refusal:
        ledger.latest_run()

    assert not mentions_password(refusal.value)


def mentions_password(error: HitParadeError) -> bool:
    return any(password in f"{error.message} {error.hint}" for password in SAID)
