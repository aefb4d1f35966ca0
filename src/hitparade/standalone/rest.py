"""Airflow's own API, as far as it is needed to see that everything is there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

SECONDS = 30.0
PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


@dataclass(frozen=True)
class Rest:
    """The API at an address, asked as a user."""

    address: str
    user: str
    password: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """An answer, read. OSError when there is none, or a refusal."""
        token = self.ask("POST", "/auth/token", {"username": self.user, "password": self.password})["access_token"]
        return self.ask(method, f"/api/v2/{path}", body, {"Authorization": f"Bearer {token}"})

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """An answer to anybody, read."""
        request = Request(  # noqa: S310 - the address is ours
            self.address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
            method=method,
        )
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return json.load(answer)

    def missing(self) -> list[str]:
        """Which of Airflow's parts do not say that they are well."""
        try:
            health = self.ask("GET", "/api/v2/monitor/health")
        except (URLError, OSError, ValueError):
            return ["api-server"]
        return [part for part in PARTS if (health.get(part) or {}).get("status") != "healthy"]

    def dags(self) -> dict[str, bool]:
        """The DAGs that were read, and whether each is paused."""
        return {dag["dag_id"]: dag["is_paused"] for dag in self.call("GET", "dags?limit=100")["dags"]}

    def import_errors(self) -> dict[str, str]:
        """The DAG files that could not be read, and why."""
        return {each["filename"]: each["stack_trace"] for each in self.call("GET", "importErrors")["import_errors"]}
