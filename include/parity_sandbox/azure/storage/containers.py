"""The account and its containers (which DFS calls file systems)."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from parity_sandbox.azure.storage.disk import Disk, etag, modified
from parity_sandbox.azure.storage.wire import Answer, Ask, StorageError, xml


class Containers:
    """The operations on one container."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk

    def create(self, ask: Ask) -> Answer:
        """Make a container; 409 when there is one."""
        folder = self.disk.container(ask.account, ask.container)
        if folder.is_dir():
            code = "FilesystemAlreadyExists" if ask.dfs else "ContainerAlreadyExists"
            raise StorageError(409, code, "The specified container already exists.")
        folder.mkdir(parents=True)
        return Answer(201, headers=_stamp(folder))

    def describe(self, ask: Ask) -> Answer:
        """Return a container's properties."""
        folder = self.existing(ask)
        lease = {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
        return Answer(200, headers={**_stamp(folder), **lease, "x-ms-namespace-enabled": "true"})

    def touch(self, ask: Ask) -> Answer:
        """Take a container's metadata or rights and forget them."""
        return Answer(200, headers=_stamp(self.existing(ask)))

    def delete(self, ask: Ask) -> Answer:
        """Delete a container with everything in it."""
        folder = self.existing(ask)
        shutil.rmtree(folder)
        shutil.rmtree(self.disk.side / "notes" / ask.account / ask.container, ignore_errors=True)
        return Answer(202)

    def existing(self, ask: Ask) -> Path:
        """Return the folder; 404 in the words of the half that is asked."""
        folder = self.disk.container(ask.account, ask.container)
        if not folder.is_dir():
            code = "FilesystemNotFound" if ask.dfs else "ContainerNotFound"
            raise StorageError(404, code, "The specified container does not exist.")
        return folder


def _stamp(folder: Path) -> Mapping[str, str]:
    return {"etag": etag(folder), "last-modified": modified(folder)}


def account_information(_ask: Ask) -> Answer:
    """Say what kind of account this is: one with a hierarchical namespace."""
    kind = {"x-ms-sku-name": "Standard_LRS", "x-ms-account-kind": "StorageV2"}
    return Answer(200, headers={**kind, "x-ms-is-hns-enabled": "true"})


def service_properties(_ask: Ask) -> Answer:
    """Return the settings of the service, which are the plainest."""
    return xml("<StorageServiceProperties><DefaultServiceVersion/></StorageServiceProperties>")
