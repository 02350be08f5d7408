"""Where a dataset lies: its location's container and path, as a folder of the sandbox's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity_sandbox.azure.adf.arm import ArmError
from parity_sandbox.azure.adf.expressions.errors import ExpressionError
from parity_sandbox.azure.adf.expressions.evaluate import evaluate
from parity_sandbox.azure.adf.failures import ActivityFailure, limitation
from parity_sandbox.azure.adf.step import Step

CONTAINERS = {
    "AmazonS3Location": "bucketName",
    "AzureBlobFSLocation": "fileSystem",
    "AzureBlobStorageLocation": "container",
}


@dataclass(frozen=True)
class Place:
    """A file or folder; ``shown`` is how people name it."""

    path: Path
    shown: str
    is_file: bool


def place(step: Step, reference: Mapping[str, Any]) -> tuple[str, dict[str, Any], Place]:
    """Return a dataset's type, its type properties without expressions, and where it lies."""
    try:
        dataset = step.scope.factory.get("datasets", reference["referenceName"])
    except ArmError as error:
        raise ActivityFailure("BadRequest", str(error)) from error
    given = step.evaluate(reference.get("parameters") or {})
    properties = _properties(step, dataset.properties, given)
    return str(dataset.properties.get("type")), properties, _place(step, properties.get("location") or {})


def _properties(step: Step, dataset: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    declared = dataset.get("parameters") or {}
    values = {name: given.get(name, one.get("defaultValue")) for name, one in declared.items()}
    names = {**step.scope.names(), "dataset": lambda: values}
    try:
        return dict(evaluate(dataset.get("typeProperties") or {}, names))
    except ExpressionError as error:
        raise ActivityFailure("InvalidTemplate", f"The expression evaluation failed: {error}") from error


def _place(step: Step, location: Mapping[str, Any]) -> Place:
    kind = str(location.get("type"))
    if kind not in CONTAINERS:
        raise limitation(f"Copy knows the locations {', '.join(CONTAINERS)}, not '{kind}'.")
    container = str(location.get(CONTAINERS[kind]) or "")
    context = step.engine.context
    root = context.state / "s3" if kind.startswith("Amazon") else context.state / "adls"
    if not kind.startswith("Amazon"):
        root = root / context.endpoints.storage_account
    parts = [str(location.get(name) or "").strip("/") for name in ("folderPath", "fileName")]
    inner = "/".join(filter(None, parts))
    path = root / container / inner
    if not container or not path.resolve().is_relative_to((root / container).resolve()):
        raise ActivityFailure("BadRequest", f"The location {container}/{inner} is not inside of a container.")
    if ".." in container or "/" in container or not (root / container).is_dir():
        raise ActivityFailure("2200", f"ErrorCode=UserErrorContainerNotFound, '{container}' does not exist.")
    return Place(path, f"{container}/{inner}", bool(location.get("fileName")))
