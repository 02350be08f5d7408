from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from airflow.sdk import Connection

from parity.airflow.connections.clients import aws_clients


def test_threads_that_ask_at_once_share_one_client_of_a_service() -> None:
    connection = Connection(
        conn_id="aws", conn_type="aws", login="AKIA", password="x", extra='{"region_name": "eu-west-1"}'
    )
    clients, ready = aws_clients(connection), Barrier(8)

    def opened(_: int) -> Any:
        ready.wait(30)
        return clients("s3")

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(opened, range(8))
    assert all(client is first for client in others)
