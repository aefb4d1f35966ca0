"""A workspace on AWS for tests: landing, archive, quarantine and lake in a bucket, worked with as its users do."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from hitparade.config import EngineName
from hitparade.model import Dataset
from hitparade.storage import Storage
from tests.shop import Shop

SETTINGS = """\
quarantine = "{bucket}/held"
archive = "{bucket}/archive"
sinks = {sinks}

[landing]
streams = "{bucket}/data/streams"
songs = "{bucket}/data/songs"
users = "{bucket}/data/users"

[lake]
location = "{bucket}/lake"
namespace = "{namespace}"
{catalog}

[ledger]
{ledger}

[runs]
wait_seconds = 120
"""


class CloudShop(Shop):
    """See Shop. Without a catalog and a ledger it has Glue's and DynamoDB's."""

    def __init__(
        self,
        root: Path,
        bucket: str,
        *,
        sinks: tuple[str, ...] = (),
        catalog: str | None = None,
        ledger: str | None = None,
        engine: EngineName | None = None,
    ) -> None:
        super().__init__(root, engine=engine)
        self.bucket = bucket
        text = SETTINGS.format(
            bucket=bucket,
            sinks=json.dumps(list(sinks)),
            namespace=bucket.removeprefix("s3://").replace("-", "_"),
            catalog=f'catalog = "{catalog}"' if catalog else "",
            ledger=f'url = "{ledger}"' if ledger else "",
        )
        (root / "hitparade.toml").write_text(text)

    def drop(self, dataset: Dataset, name: str, content: bytes) -> Path:
        """Put an object into landing."""
        with closing(Storage()) as storage:
            storage.write(f"{self.bucket}/data/{dataset}/{name}", content)
        return Path(name)

    def manifest(self, dataset: Dataset, content: dict[str, Any] | str) -> None:
        """Put a contract beside the objects."""
        self.drop(dataset, "manifest.json", (content if isinstance(content, str) else json.dumps(content)).encode())

    def names(self, folder: str) -> list[str]:
        """The keys below a folder of the bucket."""
        with closing(Storage()) as storage:
            return [url.removeprefix(f"{self.bucket}/") for url in storage.below(f"{self.bucket}/{folder}")]

    def read(self, key: str) -> bytes:
        """An object."""
        with closing(Storage()) as storage, storage.open(f"{self.bucket}/{key}") as file:
            return file.read()
