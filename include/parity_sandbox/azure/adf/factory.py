"""Factories and what is in them, kept as JSON files so that a restart loses nothing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from parity_sandbox.azure.adf.arm import ArmError, not_found
from parity_sandbox.azure.adf.records import PipelineRun, dump, load_run, now
from parity_sandbox.azure.adf.states import State
from parity_sandbox.azure.adf.timestamps import moment

KINDS = {"pipelines": "pipelines", "linkedservices": "linkedservices", "datasets": "datasets"}
NAME = re.compile(r"[\w][^<>*#.%&:\\+?/\x00-\x1f]{0,139}", re.ASCII)
FACTORY_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{1,61})[A-Za-z0-9]")
SAFE = " ()[]!@$^,;=~"
LOST = "The sandbox was restarted while this run was in progress."


@dataclass(frozen=True)
class Resource:
    """One pipeline, linked service or dataset."""

    kind: str
    name: str
    properties: Mapping[str, Any]
    etag: str = field(default_factory=lambda: str(uuid4()))

    def document(self, parent: str) -> dict[str, Any]:
        """Return the JSON of the resource below the factory with the id ``parent``."""
        return {
            "id": f"{parent}/{self.kind}/{self.name}",
            "name": self.name,
            "type": f"Microsoft.DataFactory/factories/{self.kind}",
            "properties": self.properties,
            "etag": self.etag,
        }


def write(path: Path, document: Any) -> None:
    """Write JSON in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{uuid4().hex}.new")
    draft.write_text(json.dumps(document))
    draft.replace(path)


@dataclass
class Factory:
    """One factory; thread-safe."""

    subscription: str
    group: str
    name: str
    folder: Path
    created: datetime = field(default_factory=now)
    resources: dict[tuple[str, str], Resource] = field(default_factory=dict)
    runs: dict[str, PipelineRun] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def id(self) -> str:
        """Return the ARM id."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
        return f"{group}/providers/Microsoft.DataFactory/factories/{self.name}"

    def document(self) -> dict[str, Any]:
        """Return the JSON of the factory itself."""
        return {
            "id": self.id,
            "name": self.name,
            "type": "Microsoft.DataFactory/factories",
            "location": "westeurope",
            "tags": {},
            "eTag": '"0f00ea52-0000-0d00-0000-000000000000"',
            "properties": {
                "provisioningState": "Succeeded",
                "createTime": moment(self.created),
                "version": "2018-06-01",
            },
        }

    def put(self, kind: str, name: str, properties: Mapping[str, Any]) -> Resource:
        """Create or replace a resource; its name keeps the case of its first writer."""
        if not NAME.fullmatch(name):
            raise ArmError(400, "BadRequest", f"Invalid resource name '{name}'.", target=name)
        with self.lock:
            former = self.resources.get((kind, name.lower()))
            resource = Resource(kind, former.name if former else name, properties)
            self.resources[kind, name.lower()] = resource
            write(self._path(kind, name), {"name": resource.name, "properties": properties})
        return resource

    def find(self, kind: str, name: str) -> Resource | None:
        """Return a resource, or None; names ignore case."""
        return self.resources.get((kind, name.lower()))

    def get(self, kind: str, name: str) -> Resource:
        """Return a resource; ArmError 404 when it is absent."""
        found = self.find(kind, name)
        if found is None:
            raise not_found(f"{kind}/{name}", f"{self.name}/{kind}/{name}", self.group)
        return found

    def delete(self, kind: str, name: str) -> bool:
        """Remove a resource; tell whether there was one."""
        with self.lock:
            self._path(kind, name).unlink(missing_ok=True)
            return self.resources.pop((kind, name.lower()), None) is not None

    def of_kind(self, kind: str) -> list[Resource]:
        """Return the resources of a kind by name."""
        with self.lock:
            found = [one for one in self.resources.values() if one.kind == kind]
        return sorted(found, key=lambda one: one.name)

    def add(self, run: PipelineRun) -> None:
        """Remember a run; earlier ones of its group are not the latest any more."""
        with self.lock:
            for other in self.runs.values():
                if other.group == run.group:
                    other.supersede()
                    self.save(other)
            self.runs[run.id] = run
        self.save(run)

    def run(self, run_id: str) -> PipelineRun:
        """Return a run; ArmError 404 when it is unknown."""
        if run_id not in self.runs:
            text = f"The pipeline run '{run_id}' was not found."
            raise ArmError(404, "PipelineRunNotFound", text, target=f"pipelineRun/{run_id}")
        return self.runs[run_id]

    def all_runs(self) -> list[PipelineRun]:
        """Return every run, oldest first."""
        with self.lock:
            return list(self.runs.values())

    def save(self, run: PipelineRun) -> None:
        """Write a run to its file."""
        with run.lock:
            write(self.folder / "runs" / f"{run.id}.json", dump(run))

    def load(self) -> None:
        """Read what an earlier process left; runs that it left in progress are over."""
        for kind in KINDS:
            for path in sorted((self.folder / kind).glob("*.json")):
                plain = json.loads(path.read_text())
                self.resources[kind, plain["name"].lower()] = Resource(kind, **plain)
        for run in sorted(self._saved(), key=lambda one: one.start):
            self.runs[run.id] = run
            if run.move(State.FAILED, LOST):
                self.save(run)

    def _saved(self) -> Iterator[PipelineRun]:
        for path in (self.folder / "runs").glob("*.json"):
            yield load_run(json.loads(path.read_text()))

    def _path(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{quote(name.lower(), safe=SAFE)}.json"


@dataclass
class Factories:
    """The factories of the one resource group."""

    subscription: str
    group: str
    folder: Path
    known: dict[str, Factory] = field(default_factory=dict)

    def create(self, name: str) -> Factory:
        """Return the factory of this name, made when it is new."""
        if not FACTORY_NAME.fullmatch(name):
            raise ArmError(400, "InvalidFactoryName", f"Invalid factory name '{name}'.", target=name)
        if name.lower() not in self.known:
            factory = Factory(self.subscription, self.group, name, self.folder / name.lower())
            factory.folder.mkdir(parents=True, exist_ok=True)
            factory.load()
            self.known[name.lower()] = factory
        return self.known[name.lower()]

    def get(self, name: str) -> Factory:
        """Return a factory; ArmError 404 when it is absent."""
        if name.lower() not in self.known:
            raise not_found(f"factories/{name}", name, self.group)
        return self.known[name.lower()]

    def load(self) -> None:
        """Open every factory that an earlier process left."""
        for folder in sorted(path for path in self.folder.glob("*") if path.is_dir()):
            self.create(folder.name)
