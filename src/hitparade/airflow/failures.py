"""Our errors as Airflow knows them: what another try cannot change fails at once, what may pass is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told() -> Iterator[None]:
    """Let a task fail for good on Terminal, with the next step in its message; Transient goes on as it is."""
    from airflow.sdk.exceptions import AirflowFailException

    from hitparade.errors import Terminal

    try:
        yield
    except Terminal as error:
        raise AirflowFailException(f"{error.message}; next: {error.hint}" if error.hint else error.message) from error
