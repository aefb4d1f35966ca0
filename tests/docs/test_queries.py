"""Every query of docs/queries.md works: as a command, in Python and, where PartiQL can, in PartiQL; with one answer."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer

from hitparade.sinks import dynamodb, open_sink
from hitparade.sinks.dynamodb.publications import OWN
from hitparade.sinks.dynamodb.tables import Table, default_tables
from tests.docs.pages import DOCS
from tests.dynamodb import local_dynamodb
from tests.s3 import moto_server
from tests.sinks.chart_days import KPIS, day_of

PAGE = (DOCS / "queries.md").read_text()
DAY = date(2024, 6, 25)
DAYS = (DAY - timedelta(days=1), DAY)
GENRES = ("pop", "rock", "folk", "jazz", "soul", "funk")
READS_ALL = "a_look_at_everything"

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the page, in the three ways of asking it."""

    shell: str
    python: str
    sql: str

    @property
    def name(self) -> str:
        """The Python function's."""
        return self.python.split("(", 1)[0].removeprefix("def ")


def questions() -> list[Question]:
    blocks = re.findall(r"^```(sh|python|sql)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert [kind for kind, _ in blocks] == ["sh", "python", "sql"] * (len(blocks) // 3)
    texts = [text for _, text in blocks]
    return [Question(*texts[at : at + 3]) for at in range(0, len(texts), 3)]


ALL = questions()
each_question = pytest.mark.parametrize("question", ALL, ids=lambda question: question.name)


# ---- two days, in every table


@pytest.fixture(scope="module", params=["moto", "local"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which server; DynamoDB Local knows all of PartiQL."""
    opened = moto_server() if request.param == "moto" else local_dynamodb()
    with opened as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        with closing(open_sink("dynamodb:", place=str)) as sink:
            for day in DAYS:
                for name, rows in sample(day).items():
                    sink.write(KPIS[name], day, day_of(KPIS[name], rows, day), run=1)
        yield request.param


def sample(day: date) -> Mapping[str, Sequence[Item]]:
    """Six genres and what has no genre; on each day other numbers, and equal ones among them."""
    more = 10 * DAYS.index(day)
    counts = {genre: 60 + more - 10 * (place // 2) for place, genre in enumerate(GENRES)} | {"(unknown)": 45, "gone": 0}
    played = [genre for genre in GENRES if counts[genre]]
    return {
        "genre_daily": [
            {
                "genre": genre,
                "listen_count": n,
                "listening_ms": 7 * n,
                "avg_listening_ms_per_user": n / 3 if n else None,
            }
            for genre, n in counts.items()
        ],
        "top_genres_daily": [
            {"position": place, "rank": place, "genre": genre, "listen_count": counts[genre]}
            for place, genre in enumerate(played, start=1)
        ],
        "top_songs_daily": [
            {"genre": genre, "position": n, "rank": n, "track_id": f"t{n}", "listen_count": 9 - n}
            for genre in played
            for n in range(1, 5)
        ],
        "track_daily": [
            {"track_id": f"t{n}", "listen_count": 9 - n + more, "track_name": f"Song {n}", "primary_genre": "pop"}
            for n in range(1, 5)
        ],
        "user_daily": [{"user_id": n, "listen_count": n + more, "listening_ms": 1000 * n + more} for n in range(4)],
        "hourly": [{"listen_hour": n, "listen_count": n, "track_diversity_index": 1.0} for n in range(1, 24)],
        "top_artist_hourly": [{"listen_hour": n, "artist": f"Artist {n}", "listen_count": 1} for n in range(1, 24)],
    }


# ---- the three ways


def in_python(question: Question) -> tuple[Any, Sequence[Item], set[str]]:
    """What the function gives back, the items it got, and the operations it called."""
    written: dict[str, Callable[[Any], Any]] = {}
    exec(question.python, written)  # noqa: S102 - it is the page that is tested
    items: list[Item] = []
    operations = set()

    def seen(parsed: Mapping[str, Any], model: Any, **_: object) -> None:
        operations.add(model.name)
        items.extend(parsed["Items"] if "Items" in parsed else [parsed["Item"]])

    resource = boto3.Session().resource("dynamodb")
    with closing(resource.meta.client):
        resource.meta.client.meta.events.register_last("after-call.dynamodb", seen)
        return written[question.name](resource), items, operations


def in_boto3(command: str) -> tuple[str, dict[str, Any]]:
    """What a command of the AWS CLI asks for: the operation, and its parameters by their names in boto3."""
    program, service, operation, *options = shlex.split(command.replace("\\\n", " "))
    assert (program, service) == ("aws", "dynamodb")
    parameters: dict[str, Any] = {}
    while options:
        name = options.pop(0)
        assert name.startswith("--")
        if name == "--no-scan-index-forward":
            parameters["ScanIndexForward"] = False
            continue
        value = options.pop(0)
        if name != "--max-items":
            camel = "".join(part.capitalize() for part in name.removeprefix("--").split("-"))
            parameters[camel] = json.loads(value) if value.startswith("{") or value.isdigit() else value
    return operation.replace("-", "_"), parameters


def items_of(answer: Mapping[str, Any]) -> Sequence[Item]:
    """The items of an answer as Python has them."""
    read = TypeDeserializer().deserialize
    found = answer["Items"] if "Items" in answer else [answer["Item"]]
    return [{name: read(value) for name, value in item.items()} for item in found]


def in_shell(question: Question) -> Sequence[Item]:
    operation, parameters = in_boto3(question.shell)
    with closing(boto3.Session().client("dynamodb")) as client:
        return items_of(getattr(client, operation)(**parameters))


def in_partiql(question: Question, server: str) -> Sequence[Item]:
    """What the statement answers, with the parameters that stand above it; moto knows no index behind a table."""
    above = re.findall(r"^-- (\w+): (.*)\n", question.sql, re.MULTILINE)
    statement = re.sub(r"^--.*\n", "", question.sql).strip()
    if server == "moto":
        statement = re.sub(r'(FROM "\w+")\."\w+"', r"\1", statement)
    with closing(boto3.Session().client("dynamodb")) as client:
        return items_of(
            client.execute_statement(Statement=statement, **{name: json.loads(value) for name, value in above})
        )


def narrowed(items: Sequence[Item], names: Sequence[str]) -> list[str]:
    """Some attributes of items, as texts that can be compared and sorted."""
    return [
        json.dumps({name: item[name] for name in names if name in item}, sort_keys=True, default=str) for item in items
    ]


# ---- what they answer

TOP = ["pop", "rock", "folk", "jazz", "soul"]
ANSWERS: Mapping[str, Callable[[Any], object]] = {
    "top_genres": lambda got: [place["genre"] for place in got] == TOP,
    "top_genres_with_all_numbers": lambda got: [item["genre"] for item in got] == TOP,
    "most_heard_genres": lambda got: [item["listen_count"] for item in got] == [70, 70, 60, 60, 50],
    "top_songs_of_each_genre": lambda got: {g: [s["track_id"] for s in songs] for g, songs in got.items()}
    == {genre: ["t1", "t2", "t3"] for genre in GENRES},
    "charts_of_a_date": lambda got: list(got) == sorted(GENRES) and {len(songs) for songs in got.values()} == {3},
    "top_songs_of_a_genre": lambda got: [song["listen_count"] for song in got] == [8, 7, 6],
    "a_genre_over_time": lambda got: got == {"2024-06-24": 60, "2024-06-25": 70},
    "all_numbers_of_a_genre": lambda got: [(i["date"], i["genre_rank"]) for i in got] == [(str(d), 1) for d in DAYS],
    "a_user_over_time": lambda got: got[0] == 4010 and [day["listen_count"] for day in got[1]] == [2, 12],
    "a_track_over_time": lambda got: [
        (item["report_date"], item["listen_count"], len(item["genre_positions"])) for item in got
    ]
    == [("2024-06-24", 8, 6), ("2024-06-25", 18, 6)],
    "tracks_of_a_date": lambda got: [item["track_id"] for item in got] == ["t1", "t2", "t3", "t4"],
    "hours_of_a_date": lambda got: [hour["listen_hour"] for hour in got] == list(range(1, 24))
    and got[4]["top_artist"] == "Artist 5",
    READS_ALL: lambda got: len(got) == 8,
}  # fmt: skip


@each_question
def test_python_answers_it_by_query_alone(server: str, question: Question) -> None:
    answer, _, operations = in_python(question)

    assert ANSWERS[question.name](answer), answer
    assert operations <= ({"Scan"} if question.name == READS_ALL else {"Query", "GetItem"})


@each_question
def test_the_command_answers_the_same(server: str, question: Question) -> None:
    _, expected, _ = in_python(question)
    found = in_shell(question)

    names = sorted({name for item in found for name in item})
    assert narrowed(found, names) == narrowed(expected, names)


@each_question
def test_partiql_answers_the_same(server: str, question: Question) -> None:
    """moto knows neither ORDER BY nor Limit: it gives all of a date in any order, the wanted ones among them."""
    _, expected, _ = in_python(question)
    found = in_partiql(question, server)

    names = sorted({name for item in found for name in item})
    ordered = re.search(r"ORDER BY (\w+)", question.sql)
    assert names
    if server == "moto" and "--limit 5" in question.shell:
        assert len(expected) == 5
        assert set(narrowed(expected, names)) < set(narrowed(found, names))
    elif server != "moto" and ordered is not None:
        # Equals may stand in another order, and others of them among the first five.
        assert [item[ordered[1]] for item in found[: len(expected)]] == [item[ordered[1]] for item in expected]
        with closing(boto3.Session().client("dynamodb")) as client:
            everything = items_of(client.scan(TableName=table_of(question.sql)[0].name))
        assert set(narrowed(found, names)) <= set(narrowed(everything, names))
    else:
        assert sorted(narrowed(found, names)) == sorted(narrowed(expected, names))


@each_question
def test_the_command_line_takes_the_command(server: str, question: Question) -> None:
    aws = shutil.which("aws")
    if aws is None or subprocess.run([aws, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("the AWS CLI is not installed")
    command = question.shell.replace("aws ", f"{aws} ", 1)

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    names = sorted({name for item in in_shell(question) for name in item})
    assert narrowed(items_of(json.loads(done.stdout)), names) == narrowed(in_shell(question), names)


# ---- what the real service wants, and this server lets pass


def table_of(sql: str) -> tuple[Table, Sequence[str]]:
    """The table that a statement asks, and the keys by which it does."""
    found = re.search(r'FROM "(\w+)"(?:\."(\w+)")?', sql)
    assert found is not None, "names stand in double quotes"
    [table] = [table for table in default_tables() if table.name == found[1]]
    return table, list(table.indexes[found[2]] if found[2] else table.keys)


@each_question
def test_partiql_keeps_to_what_the_service_knows(question: Question) -> None:
    table, keys = table_of(question.sql)
    where = question.sql.partition("WHERE")[2]
    ordered = re.search(r"ORDER BY (\w+)", question.sql)

    assert bool(re.search(rf'^ *"?{keys[0]}"? = ', where)) == (question.name != READS_ALL)
    assert ordered is None or ordered[1] == keys[1]
    assert not re.search(r"\bLIMIT\b|\bCOUNT\b|;", question.sql)
    assert not re.search(r'(?<!")\bdate\b(?!")', question.sql), "date is a reserved word"
    assert table.name in question.shell


def test_the_table_of_tables_is_as_they_are() -> None:
    listed = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (?:`(\w+)`)? ?\| (.*?) \|", PAGE, re.MULTILINE)
    written = {
        name: ([key for key in keys if key], dict(re.findall(r"`(\w+)` \(([^)]*)\)", indexes)))
        for name, *keys, indexes in listed
    }
    assert written == {
        table.name: (
            list(table.keys),
            {index: ", ".join(f"`{name}`" for name in keys) for index, keys in table.indexes.items()},
        )
        for table in (*default_tables(), OWN)
    }


def test_the_rights_that_are_named_are_those_that_it_takes() -> None:
    sources = [path.read_text() for path in Path(dynamodb.__file__).parent.glob("*.py")]
    called = set(re.findall(r"client\.([a-z]+_[a-z_]+|query)", "\n".join(sources)))
    named = re.search(r"the rights to (.*?), reading only `Query`", PAGE, re.DOTALL)
    assert named is not None
    assert re.findall(r"`(\w+)`", named[1]) == sorted(call.title().replace("_", "") for call in called)
