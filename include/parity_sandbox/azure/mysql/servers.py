"""The flexible server that stands before the sandbox's target database: its state, and its real variables."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from parity_sandbox.azure.adf.arm import ArmError
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.mysql.variables import variables

TARGET = "payments-ledger"
VERSION = "8.0.21"
NEXT = {"Starting": "Ready", "Stopping": "Stopped"}
"""What a passing state becomes once it was shown."""


@dataclass
class Server:
    """One server."""

    name: str
    id: str
    url: str
    """Of the database; empty when no server runs."""
    state: str = "Ready"

    def document(self) -> dict[str, Any]:
        """Return what Resource Manager shows."""
        host = urlsplit(self.url).hostname or f"{self.name}.mysql.database.azure.com"
        return {
            "sku": {"name": "Standard_D2ads_v5", "tier": "GeneralPurpose"},
            "location": "West Europe",
            "tags": {},
            "id": self.id,
            "name": self.name,
            "type": "Microsoft.DBforMySQL/flexibleServers",
            "properties": {
                "administratorLogin": "payments",
                "storage": {"storageSizeGB": 128, "iops": 700, "autoGrow": "Enabled", "storageSku": "Premium_LRS"},
                "version": VERSION,
                "state": self.state,
                "fullyQualifiedDomainName": host,
                "availabilityZone": "1",
                "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
                "highAvailability": {"mode": "Disabled", "state": "NotEnabled"},
                "network": {"publicNetworkAccess": "Disabled"},
                "replicationRole": "None",
                "replicaCapacity": 10,
            },
        }

    def configurations(self) -> Iterator[dict[str, Any]]:
        """Yield every variable of the real server, as Azure shows them."""
        for name, value in sorted(variables(self.url).items()):
            yield {
                "id": f"{self.id}/configurations/{name}",
                "name": name,
                "type": "Microsoft.DBforMySQL/flexibleServers/configurations",
                "properties": {
                    "value": value,
                    "currentValue": value,
                    "defaultValue": value,
                    "source": "system-default",
                    "isReadOnly": "False",
                    "isConfigPendingRestart": "False",
                    "isDynamicConfig": "True",
                },
            }


@dataclass
class Servers:
    """All servers, their states kept in a file so that a restart loses none; thread-safe."""

    endpoints: Endpoints
    folder: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def all(self) -> list[Server]:
        """Return every server."""
        return [self.get(TARGET)]

    def get(self, name: str) -> Server:
        """Return a server; a passing state is shown once."""
        group = f"/subscriptions/{self.endpoints.subscription}/resourceGroups/{self.endpoints.resource_group}"
        where = f"{group}/providers/Microsoft.DBforMySQL/flexibleServers/{name}"
        if name.lower() != TARGET:
            what = f"Microsoft.DBforMySQL/flexibleServers/{name}"
            text = f"The Resource '{what}' under resource group '{self.endpoints.resource_group}' was not found."
            raise ArmError(404, "ResourceNotFound", text)
        with self._lock:
            states = dict(self._states())
            state = states.get(TARGET, "Ready")
            if state in NEXT:
                self._keep({**states, TARGET: NEXT[state]})
        return Server(TARGET, where, self.endpoints.mysql_target, state)

    def change(self, server: Server, state: str) -> None:
        """Remember a server's new state."""
        with self._lock:
            self._keep({**self._states(), server.name: state})

    def _states(self) -> Mapping[str, str]:
        file = self.folder / "states.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def _keep(self, states: Mapping[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "states.json").write_text(json.dumps(states))
