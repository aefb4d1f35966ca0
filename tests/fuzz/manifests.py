"""The contracts that hostile files are judged by: the built-in ones, and a few that say everything differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hitparade.model import Dataset

Schema = dict[str, Any]

KEYS: Mapping[str, Schema] = {
    "user_id": {"type": "int", "required": True},
    "track_id": {"type": "string", "required": True},
    "listen_time": {"type": "timestamp", "required": True},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """Files of a dataset under one contract: its `schema` as a manifest has it, and the lake's time zone."""

    name: str
    dataset: Dataset
    schema: Schema
    zone: str = "UTC"
    built_in: bool = False

    @property
    def manifest(self) -> Schema | None:
        """What lies beside the files."""
        return None if self.built_in else {"version": "2.0", "schema": self.schema}


def rejecting(ratio: float | None = None) -> Schema:
    """Bad rows are kept back, up to a share."""
    return {"on_error": "reject_rows", **({} if ratio is None else {"max_rejected_ratio": ratio})}


SONGS: Mapping[str, Schema] = {
    "track_id": {"type": "string", "required": True},
    "artists": {"type": "string"},
    "album_name": {"type": "string"},
    "track_name": {"type": "string"},
    "popularity": {"type": "int", "min": 0, "max": 100},
    "duration_ms": {"type": "int", "min": 0},
    "track_genre": {"type": "string"},
}
USERS: Mapping[str, Schema] = {
    "user_id": {"type": "int", "required": True},
    "user_name": {"type": "string"},
    "user_age": {"type": "int", "min": 13, "max": 120},
    "user_country": {"type": "string"},
    "created_at": {"type": "date"},
}
TYPED: Mapping[str, Schema] = {
    **KEYS,
    "rating": {"type": "float", "min": -10.5, "max": 1e3},
    "premium": {"type": "bool", "allowed": [True]},
    "born": {"type": "date", "min": "1900-01-01", "max": "2020-02-29"},
    "seen_at": {"type": "timestamp", "severity": "warn", "max": "2024-06-25 12:00:00"},
    "device": {"type": "string", "pattern": "[a-z]{1,8}( [0-9]+)?", "required": True},
    "plays": {"type": "int", "min": 0, "max": 1000},
    "size": {"type": "string", "allowed": ["s", "m", "l", "caf\u00e9"]},
}

KINDS: tuple[Kind, ...] = (
    Kind("plain", "streams", {"fields": KEYS, "validation": rejecting(0.5)}, built_in=True),
    Kind("typed", "streams", {"fields": TYPED, "validation": rejecting(), "max_rows": 30, "min_rows": 1}),
    Kind(
        "strict",
        "streams",
        {
            "fields": KEYS,
            "validation": {"on_error": "quarantine"},
            "delimiter": ";",
            "timezone": "Europe/Berlin",
            "extra_columns": "reject",
            "name_pattern": "[0-9a-z-]+[.]csv",
            "max_bytes": 900,
        },
        zone="Europe/Berlin",
    ),
    Kind(
        "loose",
        "streams",
        {
            "fields": {**KEYS, "premium": {"type": "bool"}, "rating": {"type": "float", "severity": "warn"}},
            "validation": rejecting(0.8),
            "delimiter": "\t",
            "fields_required": False,
            "timezone": "America/St_Johns",
            "extension": ".tsv.txt",
        },
        zone="Asia/Kathmandu",
    ),
    Kind(
        "german",
        "streams",
        {
            "fields": {**KEYS, "listen_time": {**KEYS["listen_time"], "format": "%d.%m.%Y %H:%M:%S"}},
            "validation": rejecting(),
            "delimiter": "|",
            "encoding": "cp1252",
        },
    ),
    Kind("wide", "streams", {"fields": KEYS, "validation": rejecting(), "encoding": "utf-16"}),
    Kind("barred", "streams", {"fields": KEYS, "validation": rejecting(), "delimiter": "\u00a6"}),
    Kind("spaced", "streams", {"fields": KEYS, "validation": rejecting(), "delimiter": " "}),
    Kind("songs", "songs", {"fields": SONGS, "validation": rejecting(0.5)}, built_in=True),
    Kind("users", "users", {"fields": USERS, "validation": rejecting(0.5)}, built_in=True),
    Kind(
        "members",
        "users",
        {
            "fields": {**USERS, "created_at": {"type": "timestamp", "min": "2000-01-01"}},
            "validation": {"on_error": "quarantine"},
            "timezone": "Australia/Lord_Howe",
        },
    ),
)
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
