"""Our errors as Airflow knows them: what another try cannot change fails at once, what may pass is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def told() -> Iterator[None]:
    """Let a task fail for good on Terminal, with the next step in its message; Transient goes on as it is."""
    from hitparade.errors import Terminal

    try:
        yield
    except Terminal as error:
        said = f"{error.message}; next: {error.hint}" if error.hint else error.message
        raise exceptions().AirflowFailException(said) from error


def exceptions() -> Any:
    """Airflow's module of exceptions; before 3.1 the one for tasks did not have those that tasks raise."""
    import airflow.exceptions
    import airflow.sdk.exceptions

    return airflow.sdk.exceptions if hasattr(airflow.sdk.exceptions, "AirflowFailException") else airflow.exceptions
