"""The parts of a database's run that belong to no table: schema, servers, cut-over."""

from __future__ import annotations

from pathlib import PurePosixPath

from parity.clients.artefacts import Artefacts
from parity.errors import NotFound
from parity.flow import codec
from parity.flow.database_run.files import FACTS
from parity.flow.database_run.plan import DATABASE
from parity.history.records import RunDetail
from parity.tablediff.verdict import DatabaseResult


def database_facts(detail: RunDetail, artefacts: Artefacts) -> DatabaseResult | None:
    """Return what a run found beside its tables; None for a suite, and where nothing was kept of it."""
    reports = [one.report for one in detail.activities if one.key.activity == DATABASE and one.report]
    try:
        text = artefacts.read(f"{PurePosixPath(reports[0]).parent}/{FACTS}") if reports else None
    except NotFound:
        return None
    return codec.from_text(DatabaseResult, text) if text is not None else None
