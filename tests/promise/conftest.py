"""What the promise's tests start from."""

from __future__ import annotations

from tests.dynamodb import dynamodb_moto as dynamodb_moto
