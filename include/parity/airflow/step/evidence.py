"""Recording a run as evidence, from the task that judged it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from parity.airflow.connections.artefacts import open_artefacts, open_folder
from parity.airflow.connections.clients import aws_clients
from parity.airflow.connections.extras import Extras
from parity.airflow.connections.lookup import NoConnection, connection
from parity.airflow.step.results import Subject, open_results
from parity.clients.artefacts import Artefacts
from parity.clients.kms import KmsSigner
from parity.clients.timestamps import TimestampAuthority
from parity.clock import SystemClock
from parity.evidence.recorder import FOLDER, Recorder
from parity.evidence.rules import rules_of
from parity.evidence.signing import KeySigner, Signer
from parity.evidence.witness import StorageWitness, TimestampWitness
from parity.flow.database_run.plan import DatabaseRunPlan
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.history.chains import StoredChains
from parity.settings import settings
from parity.suite.models import Waiver

log = logging.getLogger(__name__)


def open_recorder(read: Callable[[str], Any] = connection) -> Recorder:
    """Return what appends to the chains of evidence; NoConnection where no key is configured."""
    now = settings()
    signer = _signer(read(now.evidence_connection))
    witness = None
    if now.witness:
        witness = StorageWitness(open_folder(now.witness, now.witness_connection, read), now.witness)
    chains, artefacts = StoredChains(open_results().engine), open_artefacts(read)
    return Recorder(chains, artefacts, signer, SystemClock(), witness, _timestamps(now.timestamps, artefacts))


def _signer(connection: Any) -> Signer:
    """Return the key of a connection: its password, or in KMS, where it leads to AWS."""
    if connection.conn_type == "aws":
        return KmsSigner(aws_clients(connection), Extras(connection).needed("kms_key"))
    return KeySigner.of_pem(SecretStr(connection.password or ""))


def _timestamps(url: str, artefacts: Artefacts) -> TimestampWitness | None:
    kept = Artefacts(artefacts.url(f"{FOLDER}/timestamps"), artefacts.storage)
    return TimestampWitness(TimestampAuthority(url), kept) if url else None


def record_evidence(
    subject: Subject, path: Path, waivers: Iterable[Waiver], plan: SuiteRunPlan | DatabaseRunPlan
) -> None:
    """Append the run to its chain of evidence; what keeps it from that is logged, and changes no verdict.

    A run without an entry is not hidden: the archive lists it.
    """
    try:
        recorder = open_recorder()
        detail = open_results().run(plan.run_id, subject.key, plan.business_date)
        entry = recorder.record_run(detail, plan.folder, rules_of(subject, path, waivers))
        log.info("Entry %d of the evidence of %s: %s", entry.number, subject.key, entry.sha)
    except NoConnection:
        log.info("No evidence is kept: Airflow has no connection %s.", settings().evidence_connection)
    except Exception:
        log.exception("This run could not be recorded as evidence. Clear the gate to try again.")
