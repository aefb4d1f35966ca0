"""One small workspace, and every place that its KPIs can be read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from tests.postgres import postgres_url as postgres_url
from tests.s3 import moto_server
from tests.shop import Shop
from tests.warehouse.places import on_postgres

FIRST = date(2024, 6, 28)
DAYS = [FIRST + timedelta(days=number) for number in range(5)]
SONGS = ("a,Ann;Bob,First,Able,10,200000,pop", "b,Cid,Second,Baker,20,,rock", "c,Ann,Third,Charlie,30,100001,pop")
USERS = ("1,One,20,Ghana,2024-01-01", "2,Two,40,Peru,2024-01-01")


@dataclass(frozen=True, slots=True)
class Places:
    """A workspace, and the URLs of its sinks by their kind; each alone tells what the lake does."""

    shop: Shop
    sinks: dict[str, str]


def listens(day: date) -> list[str]:
    """The day's own: each has more than the one before."""
    heard = ["1,a", "1,b", "2,a", "3,c", "2,c", "3,unknown"][: 2 + DAYS.index(day)]
    return [f"{who},{day} {hour + 8:02}:00:00" for hour, who in enumerate(heard)]


@pytest.fixture(scope="module")
def places(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Five days in two files, over the end of a month, and two rows of the second that came after later ones."""
    with moto_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        root = tmp_path_factory.mktemp("charts")
        warehouse = on_postgres(postgres_url).url
        sinks = {"dynamodb": "dynamodb:?prefix=charts_", "files": "files:exports", "postgresql": warehouse}
        shop = Shop(root, settings=f"sinks = {list(sinks.values())}")
        shop.deliver("songs", "songs.csv", SONGS)
        shop.deliver("users", "users.csv", USERS)
        shop.deliver("streams", "1.csv", [row for day in DAYS for row in listens(day)])
        shop.run()
        shop.deliver("streams", "2.csv", [f"4,{track},{DAYS[1]} 20:00:00" for track in "ab"])
        shop.run()
        yield Places(shop, sinks | {"files": f"files:{root}/exports"})
