"""Every setting; the only module that reads the environment."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _project() -> Path:
    """Return the checkout, or Airflow's home where Parity is an installed package."""
    around = Path(__file__).resolve().parents[1]
    installed = around.name != "include"
    return (
        Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser().absolute() if installed else around.parent
    )


PROJECT = _project()
"""Where suites and results are, unless the settings say otherwise."""


class Settings(BaseSettings):
    """Every setting, each readable from ``PARITY_<NAME>``.

    Connections, and the secrets in them, are Airflow's; nothing here holds one but ``mask_key``.
    """

    model_config = SettingsConfigDict(env_prefix="PARITY_", frozen=True, extra="ignore")

    home: Path = PROJECT / ".parity"
    """Results store, artefacts, exchange scratch; absolute, created on first use."""
    suites: Path = PROJECT / "include" / "suites"
    databases: Path = PROJECT / "include" / "databases"
    waves: Path | None = None
    """What belongs to each wave, and when it may be cut over; None means ``waves.yaml`` beside ``suites``."""
    store_url: str = ""
    """SQLAlchemy URL of the results store; empty means SQLite under ``home``."""
    artefacts: str = ""
    """Folder of reports, GX results and Data Docs: a path, s3://… or abfss://…; empty means ``home/artefacts``."""
    artefact_connection: str = ""
    """Airflow connection of that folder; empty means aws_default for s3 and adls_default for abfss."""
    evidence_connection: str = "parity_evidence"
    """Airflow connection whose password is the Ed25519 key that signs evidence; without it no evidence is kept."""
    evidence_key: Path | None = None
    """Public half of that key, as PEM: a sign-off counts only when it was signed by it."""
    witness: str = ""
    """Immutable folder that gets a copy of each entry of evidence: s3://… or abfss://…; empty means none."""
    witness_connection: str = ""
    """Airflow connection of that folder; empty means aws_default for s3 and adls_default for abfss."""
    timestamps: str = ""
    """Address of a timestamp authority (RFC 3161) that stamps each entry of evidence; empty means none."""
    site_url: str = ""
    """Where people open Airflow; links in alerts begin with it."""
    scratch: Path | None = None
    """Directory for spilling and downloads; None means ``home/scratch``."""
    memory: str = "2GB"
    """Memory limit of one comparison."""
    mask_key: SecretStr = SecretStr("")
    """Key of the hashes that stand for sensitive values; empty means a fresh one per process."""
    scheduled: bool = True
    """Whether suites run on their schedules; off, people trigger them."""
    poll_seconds: float = 15.0
    """Seconds between two polls of a cloud by a waiting trigger."""
    retry_seconds: float = 20.0
    """First pause before a step is retried after a transient failure; it doubles each time."""
    keep_exchange_days: int = Field(default=14, ge=1)
    """After this, what both sides exported is deleted."""
    keep_artefact_days: int = Field(default=400, ge=1)
    """After this, reports and Data Docs are deleted."""
    keep_history_days: int = Field(default=800, ge=1)
    """After this, results leave the results store."""
    exchange_s3: str = "s3://parity-exchange/parity"
    """Where Athena unloads the legacy side."""
    exchange_adls: str = "abfss://exchange@paritysandbox.dfs.core.windows.net/parity"
    """Where the helper job writes the target side."""

    @property
    def results_store(self) -> str:
        """Return the SQLAlchemy URL of the results store."""
        return self.store_url or f"sqlite:///{self.home / 'results.db'}"

    @property
    def artefact_root(self) -> str:
        """Return the folder of artefacts: a path or a URL."""
        return self.artefacts or str(self.home / "artefacts")

    def artefact_link(self, name: str) -> str:
        """Return the link to the artefact ``name``: a page of Airflow, else where it is stored."""
        site = self.site_url.rstrip("/")
        return f"{site}/parity/artefacts/{name}" if site else f"{self.artefact_root.rstrip('/')}/{name}"

    @property
    def waves_file(self) -> Path:
        """Return the file of the waves, which need not exist."""
        return self.waves or self.suites.parent / "waves.yaml"

    @property
    def scratch_root(self) -> Path:
        """Return the directory for spilling and downloads."""
        return self.scratch or self.home / "scratch"


def environment(name: str) -> str | None:
    """Return a variable that another party names: a user on the command line, or a cloud's platform."""
    return os.environ.get(name)


def settings() -> Settings:
    """Read the settings again; cheap enough to call wherever they are needed."""
    return Settings()
