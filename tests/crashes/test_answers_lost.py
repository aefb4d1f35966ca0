"""A catalog whose every answer to a commit is lost after the commit happened: nothing is committed twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import CommitTableResponse
from sqlalchemy.exc import OperationalError

from hitparade.cli.door import DONE, FLAWED, LATER
from tests.crashes.dying import LONGEST, Ended, command, ended
from tests.crashes.histories import DAILY, Chapter, everything
from tests.crashes.lives import Lives, assert_same, on_a_disk
from tests.together import forked


def unanswered(arguments: Sequence[str], folder: Path) -> None:
    """Run a command that is told of each commit that the line went dead."""
    commit = SqlCatalog.commit_table

    def commit_table(self: SqlCatalog, *given: Any, **named: Any) -> CommitTableResponse:
        commit(self, *given, **named)
        raise OperationalError("COMMIT", {}, ConnectionError("the line went dead"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlCatalog, "commit_table", commit_table)
        command(arguments, folder, None)


def run(lives: Lives, chapter: Chapter, folder: Path) -> Ended:
    """A chapter's command, without an answer."""
    folder.mkdir()
    process = forked(unanswered, (*chapter.command, "--config", str(lives.config)), folder)
    process.join(LONGEST)
    return ended(process, folder)


def test_a_commit_whose_answer_is_lost_counts_once(tmp_path: Path) -> None:
    with on_a_disk(Lives) as lives:
        lives.live(DAILY)
        for number in range(len(DAILY)):
            chapter = lives.back_to(number)
            chapter.deliver(lives.shop)
            # A change of a table's columns is no commit of rows: it is said, and found done by the next run.
            codes = [run(lives, chapter, tmp_path / f"{number} {again}").code for again in range(2)]
            assert codes[0] in ((LATER, FLAWED, DONE) if chapter.name == "second" else (FLAWED, DONE))
            assert codes[1] in (FLAWED, DONE)
            lives.catch_up(chapter)
            assert_same(everything(lives.shop), lives.after[number], chapter.name)
