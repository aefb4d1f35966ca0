"""Commands for files in quarantine: list, show, release, discard."""

from __future__ import annotations

import getpass
import json as json_
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hitparade.cli import render
from hitparade.cli.door import DEFAULT_CONFIG, DONE, LATER, WRONG, Config, Form, How, Json, Verbose, workspace
from hitparade.cli.reading import DatasetName

if TYPE_CHECKING:
    from hitparade.model import Problem
    from hitparade.quarantine import Entry, Released, Settlement, Wish

commands = typer.Typer(
    help="Files that their contract refused. What lies there and why, and what becomes of it.", no_args_is_help=True
)


Seqs = Annotated[
    list[int] | None, typer.Argument(help="Deliveries, by the numbers that list shows.", show_default=False)
]
Of = Annotated[DatasetName | None, typer.Option("--dataset", help="Files of this dataset.")]
All = Annotated[bool, typer.Option("--all", help="Every file in quarantine.")]
Why = Annotated[str | None, typer.Option("--why", help="The reason, which the ledger keeps.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (show_all, show, release, discard):
        commands.command("list" if command is show_all else None)(command)
    app.add_typer(commands, name="quarantine")


def show_all(
    config: Config = DEFAULT_CONFIG,
    dataset: Of = None,
    format: How = Form.table,  # noqa: A002
    json: Json = False,
) -> int:
    """The files in quarantine, the newest first."""
    from hitparade.quarantine import entries

    with workspace(config, command="quarantine list") as ws:
        found = entries(ws, dataset=dataset.value if dataset else None)
        if json or format is Form.json:
            render.as_json([as_plain(each) for each in found])
        else:
            table(found)
    return DONE


def show(
    seq: Annotated[int, typer.Argument(help="A delivery, by the number that list shows.")],
    config: Config = DEFAULT_CONFIG,
    format: How = Form.table,  # noqa: A002
    json: Json = False,
) -> int:
    """A file's report. Its contract, each problem with examples, where its bytes lie, and what to do next."""
    from hitparade.quarantine import find, problems

    with workspace(config, command="quarantine show") as ws:
        entry = find(ws, seq)
        found = problems(ws, entry)
        contract = ws.ledger.contract_text(entry.delivery.contract) if entry.delivery.contract else None
        manifest = json_.loads(contract) if contract else None
        if json or format is Form.json:
            render.as_json({**as_plain(entry), "manifest": manifest, "problems": found, "next": steps(entry)})
        else:
            one(entry, found, manifest)
    return DONE


def release(
    seqs: Seqs = None,
    config: Config = DEFAULT_CONFIG,
    dataset: Of = None,
    all_: All = False,
    why: Why = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Put files back into the landing zone, validate them anew and load them.

    Mend the file where it lies in quarantine, or the manifest.json, first.
    """
    from hitparade.cli.working import verdict
    from hitparade.quarantine import release as release_

    with workspace(config, command="quarantine release", verbose=verbose) as ws:
        done = release_(ws, wish(seqs, dataset, all_=all_, why=why))
        released(done, json=json)
    return worst(done.files, verdict(done.loaded))


def discard(
    seqs: Seqs = None,
    config: Config = DEFAULT_CONFIG,
    dataset: Of = None,
    all_: All = False,
    why: Why = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Put files away for good. They go to the archive, and no run looks at them again."""
    from hitparade.quarantine import discard as discard_

    with workspace(config, command="quarantine discard", verbose=verbose) as ws:
        done = discard_(ws, wish(seqs, dataset, all_=all_, why=why))
        if json:
            render.as_json(done)
        else:
            lines(done, {each.seq: each.fate for each in done})
    return worst(done, DONE)


def wish(seqs: Sequence[int] | None, dataset: DatasetName | None, *, all_: bool, why: str | None) -> Wish:
    """Which files are meant: some, or those of a dataset, or all."""
    from hitparade.quarantine import Wish

    if sum((bool(seqs), dataset is not None, all_)) != 1:
        raise typer.BadParameter("say which: some numbers of hitparade quarantine list, --dataset NAME, or --all")
    return Wish(tuple(seqs or ()), dataset.value if dataset else None, by=somebody(), why=why)


def somebody() -> str:
    """Who this is: user and host. In a container a user may have no name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def worst(files: Sequence[Settlement], code: int) -> int:
    """The exit code: that of the load, unless a file was gone, or its name taken, which may pass."""
    fates = {each.fate for each in files}
    return LATER if "taken" in fates else WRONG if "gone" in fates else code


# ---- what is shown


def as_plain(entry: Entry) -> dict[str, object]:
    """An entry as JSON has it."""
    return {
        **{name: value for name, value in asdict(entry.delivery).items() if name not in ("load_id", "etag")},
        "place": entry.place,
        "lies": None if entry.blob is None else entry.blob.url,
    }


def state(entry: Entry) -> str:
    """Where an entry is, in a word or two."""
    if entry.on_its_way:
        return f"{entry.delivery.status}, on its way"
    return "file is gone" if entry.blob is None else "in landing" if entry.blob.url != entry.place else "in quarantine"


def table(found: Sequence[Entry]) -> None:
    """list."""
    if not found:
        render.console().print("nothing is in quarantine")
        return
    cells = [
        [
            f"{each.delivery.seq}",
            each.delivery.dataset,
            each.delivery.name,
            state(each),
            f"{each.delivery.rows_read:,}",
            f"{each.delivery.loaded_at:%Y-%m-%d %H:%M}",
            each.delivery.reason or "",
        ]
        for each in found
    ]
    heads = ["seq", "dataset", "file", "state", "rows", "judged at", "reason"]
    render.grid(heads, cells, numbers=[True, False, False, False, True, False, False])


def one(entry: Entry, problems: Sequence[Problem], manifest: object) -> None:
    """show."""
    delivery, say = entry.delivery, render.console().print
    render.heading(f"{delivery.seq}: {delivery.uri} ({delivery.dataset}), {state(entry)}")
    say(f"judged at {delivery.loaded_at:%Y-%m-%d %H:%M:%S} UTC by run {delivery.run}; sha256 {delivery.sha256}")
    say(f"{delivery.rows_read:,} rows read; its bytes: {entry.blob.url if entry.blob else 'gone'}", soft_wrap=True)
    say(f"reason: {delivery.reason}", soft_wrap=True)
    for problem in problems:
        column = f" in {problem.column}" if problem.column else ""
        say(f"  {problem.rule}{column}: {problem.count:,} rows", soft_wrap=True)
        for row, value, raw in problem.examples:
            say(f"    row {row:,}: {value!r} in {raw[:200]!r}", soft_wrap=True)
    say(f"contract {delivery.contract}:\n{json_.dumps(manifest, ensure_ascii=False, indent=2)}", soft_wrap=True)
    for step in steps(entry):
        say(f"next: {step}", soft_wrap=True)


def steps(entry: Entry) -> list[str]:
    """What can be done about a file."""
    seq = entry.delivery.seq
    if entry.on_its_way:
        verb = "release" if entry.delivery.status == "released" else "discard"
        return [f"hitparade quarantine {verb} {seq} goes on with what was cut off"]
    if entry.blob is None:
        return ["deliver the file again", f"hitparade quarantine discard {seq} settles what the ledger has"]
    return [
        f"mend {entry.blob.url}, or the manifest.json in the landing zone; hitparade check tells in advance",
        f"hitparade quarantine release {seq} judges it anew",
        f"hitparade quarantine discard {seq} puts it away",
    ]


SAID = {
    "loaded": "loaded",
    "duplicate": "a duplicate of what is loaded",
    "quarantined": "in quarantine again, under a new number",
    "waits": "waits in the landing zone",
    "discarded": "discarded",
    "gone": "its file is gone: deliver it again",
    "taken": "another file has its name: run hitparade run, then this again",
}


def released(done: Released, *, json: bool) -> None:
    """release."""
    if json:
        files = [{"seq": each.seq, "name": each.name, "outcome": done.outcomes[each.seq]} for each in done.files]
        render.as_json({"files": files, "load": render.load_summary(done.loaded)})
        return
    lines(done.files, done.outcomes)
    render.step("load", done.loaded, json=False)
    render.step("archive", done.archived, json=False)


def lines(files: Sequence[Settlement], outcomes: Mapping[int, str]) -> None:
    """One line a file."""
    if not files:
        render.console().print("nothing to do")
    for each in files:
        said = SAID.get(outcomes[each.seq], outcomes[each.seq])
        render.console().print(f"{each.seq:>8} {each.name}: {said} ({each.place})", soft_wrap=True)
