"""What is known of an Airflow that starts."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from hitparade.standalone.airflow import Standalone, all_read
from hitparade.standalone.settings import Place
from tests.airflow.airflows import DAGS


def test_an_airflow_that_does_not_answer_has_not_read_every_dag(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = Place(tmp_path, DAGS, closed.getsockname()[1])

        assert not all_read(Standalone(place, tmp_path, threading.Event(), print))
