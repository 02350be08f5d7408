"""What the product needs of Trino beside expressions: its statements, and how files are read and written."""

from __future__ import annotations

from truth import trino_readers, trino_statements, trino_text, trino_unload
from truth.engines import Outcome
from truth.trino_server import TrinoServer


def ask(server: TrinoServer) -> list[Outcome]:
    """Ask a fresh server, and write down what it answers."""
    return [module.ask(server) for module in (trino_statements, trino_readers, trino_unload, trino_text)]
