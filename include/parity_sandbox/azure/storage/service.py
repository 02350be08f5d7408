"""Finds the operation that a request means: by what it names, its method, and the words of its query."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass

from parity_sandbox.azure.storage import batch, listing
from parity_sandbox.azure.storage.auth import Doorman
from parity_sandbox.azure.storage.blobs import Blobs, stamp
from parity_sandbox.azure.storage.blocks import Blocks
from parity_sandbox.azure.storage.conditions import NotModified
from parity_sandbox.azure.storage.containers import Containers, account_information, service_properties
from parity_sandbox.azure.storage.disk import Disk
from parity_sandbox.azure.storage.paths import Paths
from parity_sandbox.azure.storage.wire import Answer, Ask, StorageError, common
from parity_sandbox.journal import unknown_route

Operation = Callable[[Ask], Answer]
Key = tuple[str, str, str]
"""What is named (account, container, blob), the method, and the query's comp, action or resource."""
REFUSALS = {
    errno.ENAMETOOLONG: (400, "InvalidResourceName"),
    errno.ENOTDIR: (409, "ResourceTypeMismatch"),
    errno.EISDIR: (409, "ResourceTypeMismatch"),
    errno.EEXIST: (409, "ResourceTypeMismatch"),
    errno.ENOENT: (404, "BlobNotFound"),
    errno.ENOSPC: (503, "ServerBusy"),
}
"""What the file system says, in the service's words; a file may vanish while it is being read."""


def level(ask: Ask) -> str:
    """Return what the request names."""
    if ask.path:
        return "blob"
    return "container" if ask.container else "account"


def word(ask: Ask) -> str:
    """Return the word of the query, or the header, that tells operations of one method apart."""
    if "x-ms-rename-source" in ask.headers:
        return "rename"
    if "x-ms-copy-source" in ask.headers:
        return "copy"
    named = ask.query.get("comp") or ask.query.get("action")
    if named:
        return named.lower()
    if ask.dfs and (ask.query.get("resource") or ask.method == "GET"):
        return {"file": "path", "directory": "path"}.get(ask.query.get("resource", ""), "filesystem")
    return ""


@dataclass(frozen=True)
class Service:
    """One account's Blob and DFS service."""

    account: str
    doorman: Doorman
    disk: Disk

    def answer(self, ask: Ask) -> Answer:
        """Answer one request; every refusal is an answer too."""
        try:
            reply = self._answer(ask)
        except StorageError as error:
            reply = error.answer(ask)
        except OSError as error:
            status, code = REFUSALS.get(error.errno or 0, (500, "InternalError"))
            reply = StorageError(status, code, f"The file system refused: {error.strerror}.").answer(ask)
        return Answer(reply.status, reply.body, {**common(ask), **reply.headers})

    def _answer(self, ask: Ask) -> Answer:
        if ask.account != self.account:
            text = f"The account {ask.account[:80]!r} does not exist; the sandbox has {self.account!r}."
            raise StorageError(404, "ResourceNotFound", text)
        if "\x00" in ask.container + ask.path:
            raise StorageError(400, "InvalidUri", "The requested URI does not represent any resource.")
        self.doorman.admit(ask)
        operation = self._operations().get((level(ask), ask.method, word(ask)))
        if operation is None:
            unknown_route("storage", ask.method, f"{ask.raw_path} ({word(ask) or 'plain'})")
            text = "The requested URI does not represent any resource on the server, or not with this method."
            raise StorageError(400, "InvalidUri", text)
        try:
            return operation(ask)
        except NotModified:
            return Answer(304, headers=stamp(Blobs(self.disk, Blocks(self.disk)).place(ask)))

    def _operations(self) -> dict[Key, Operation]:
        blobs = Blobs(self.disk, Blocks(self.disk))
        paths, containers = Paths(blobs), Containers(self.disk)
        return {
            **self._of_account(),
            **self._of_containers(containers, paths),
            **_of_blobs(blobs),
            **_of_paths(paths, blobs),
        }

    def _of_account(self) -> dict[Key, Operation]:
        def containers(ask: Ask) -> Answer:
            return listing.containers(self.disk, ask)

        def properties(ask: Ask) -> Answer:
            service = ask.query.get("restype") == "service"
            return service_properties(ask) if service else account_information(ask)

        return {
            ("account", "GET", "list"): containers,
            ("account", "GET", "filesystem"): containers,
            ("account", "GET", "properties"): properties,
            ("account", "HEAD", "properties"): properties,
            ("account", "POST", "batch"): self._batch,
        }

    def _of_containers(self, containers: Containers, paths: Paths) -> dict[Key, Operation]:
        found: dict[Key, Operation] = {
            ("container", "GET", "list"): lambda ask: listing.blobs(self.disk, ask),
            ("container", "GET", "properties"): account_information,
            ("container", "HEAD", "getaccesscontrol"): paths.status,
            ("container", "HEAD", "getstatus"): paths.status,
            ("container", "GET", "filesystem"): lambda ask: listing.paths(self.disk, ask),
            ("container", "POST", "batch"): self._batch,
            ("container", "PUT", "metadata"): containers.touch,
            ("container", "PUT", "acl"): containers.touch,
            ("container", "PATCH", "filesystem"): containers.touch,
            ("container", "PATCH", "setaccesscontrol"): containers.touch,
        }
        for spelled in ("", "filesystem"):
            found["container", "PUT", spelled] = containers.create
            found["container", "GET", spelled] = found.get(("container", "GET", spelled), containers.describe)
            found["container", "HEAD", spelled] = containers.describe
            found["container", "DELETE", spelled] = containers.delete
        return found

    def _batch(self, ask: Ask) -> Answer:
        return batch.answer(ask, self.answer)


def _of_blobs(blobs: Blobs) -> dict[Key, Operation]:
    return {
        ("blob", "GET", ""): blobs.get,
        ("blob", "HEAD", ""): blobs.head,
        ("blob", "GET", "metadata"): blobs.head,
        ("blob", "HEAD", "metadata"): blobs.head,
        ("blob", "PUT", ""): blobs.put,
        ("blob", "PUT", "block"): blobs.put_block,
        ("blob", "PUT", "blocklist"): blobs.put_block_list,
        ("blob", "GET", "blocklist"): blobs.get_block_list,
        ("blob", "PUT", "metadata"): blobs.set_metadata,
        ("blob", "PUT", "properties"): blobs.set_properties,
        ("blob", "PUT", "copy"): blobs.copy,
        ("blob", "DELETE", ""): blobs.delete,
    }


def _of_paths(paths: Paths, blobs: Blobs) -> dict[Key, Operation]:
    return {
        ("blob", "PUT", "path"): paths.create,
        ("blob", "PUT", "rename"): paths.rename,
        ("blob", "PATCH", "append"): paths.append,
        ("blob", "PATCH", "flush"): paths.flush,
        ("blob", "PATCH", "setproperties"): paths.set_properties,
        ("blob", "PATCH", "setaccesscontrol"): paths.set_access,
        ("blob", "HEAD", "getstatus"): paths.status,
        ("blob", "HEAD", "getaccesscontrol"): paths.status,
        ("blob", "GET", "filesystem"): blobs.get,
    }
