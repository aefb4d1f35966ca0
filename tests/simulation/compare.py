"""What is stored and served, held against what was delivered: every KPI, every sink, every row of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.charts import Charts
from hitparade.workspace import Workspace
from tests.simulation import own
from tests.simulation.delivered import Accounts, Drop, Entry, account, digest, manifest_of
from tests.simulation.reference import Reference, Row
from tests.simulation.served import Served, Wanted, difference

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


def compare(simulation: Simulation) -> list[str]:
    """Every difference there is."""
    ws, root = simulation.workers[0].ws, simulation.place.shop.root
    assert ws is not None
    accounts = account(simulation.drops, entries(ws), simulation.manifests)
    reference = Reference(accounts.delivered())
    wanted = {**reference.everything(), own.NAME: own.expected(reference, simulation.own_kpi)}
    return [
        *accounts.problems,
        *differing_kpis(ws, wanted),
        *differing_sinks(ws, wanted, reference, simulation.sinks),
        *differing_counts(ws, reference, accounts),
        *misplaced(root, simulation.drops, ws),
    ]


def entries(ws: Workspace) -> Iterator[Entry]:
    """The ledger's deliveries."""
    for each in ws.ledger.deliveries():
        yield Entry(
            seq=each.seq,
            dataset=each.dataset,
            name=each.name,
            sha256=each.sha256,
            status=each.status,
            rows=(each.rows_read, each.rows_loaded, each.rows_rejected),
            terms=manifest_of(ws.ledger.contract_text(each.contract) if each.contract else None),
        )


# ---- KPIs


def differing_kpis(ws: Workspace, wanted: Wanted) -> Iterator[str]:
    """KPIs of the lake that are not as computed from scratch."""
    charts = Charts.of(ws)
    for kpi in charts.kpis:
        found: list[Row] = charts.read(kpi.name).to_pylist()
        if found != wanted[kpi.name]:
            yield f"{kpi.name} in the lake: {difference(found, wanted[kpi.name])}"


# ---- sinks


def differing_sinks(ws: Workspace, wanted: Wanted, reference: Reference, sinks: Iterable[Served]) -> Iterator[str]:
    """What sinks do not serve as it is."""
    for sink in sinks:
        yield from sink.differences(ws.kpis, wanted, reference)


# ---- the ledger and the files


def differing_counts(ws: Workspace, reference: Reference, accounts: Accounts) -> Iterator[str]:
    """Days whose listens and repeats the ledger counts otherwise."""
    listens = Counter(each.at.date() for each in reference.listens)
    loaded = accounts.listens_loaded()
    daily = {kpi.name for kpi in ws.daily_kpis}
    for each in ws.ledger.computations():
        if each.kpi in daily:
            day = each.listen_date
            found, wanted = (each.listens, each.repeats), (listens[day], loaded[day] - listens[day])
            if found != wanted:
                yield f"the ledger counts {found} listens and repeats of {each.kpi} {day}, which are {wanted}"


def misplaced(root: Path, drops: Iterable[Drop], ws: Workspace) -> Iterator[str]:
    """Files that are lost, that lie where they should not, or that are not what the ledger says."""
    for dataset in ("streams", "songs", "users"):
        for file in (root / "data" / dataset).iterdir():
            if file.name != "manifest.json":
                yield f"{file} still waits"
    known = {each.seq: each for each in ws.ledger.deliveries()}
    came, lost = Counter(drop.key for drop in drops), Counter(drop.key for drop in drops if drop.lost)
    lie: Counter[tuple[str, str, str]] = Counter()
    for file in [*(root / "archive").glob("*/*"), *(root / "data" / "quarantine").glob("*")]:
        if file.name.endswith(".report.json"):
            continue
        delivery, sha256 = known[int(file.name.partition("-")[0])], digest(file.read_bytes())
        lie[delivery.dataset, delivery.name, sha256] += 1
        if sha256 != delivery.sha256:
            yield f"{file} is not what delivery {delivery.seq} is"
        if (delivery.status == "quarantined") != (file.parent.name == "quarantine"):
            yield f"{file} of a delivery that is {delivery.status}"
    for key in came | lie:
        if not came[key] - lost[key] <= lie[key] <= came[key]:
            yield f"came {came[key]} times, of which {lost[key]} were replaced, and lies {lie[key]} times: {key}"
