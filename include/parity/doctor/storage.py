"""Whether the exchange in ADLS may be listed, read, written and deleted from, without changing anything there.

Each right is asked for with something that is not there: what is refused for that reason was not refused for the
right. A write asks for a version that nothing has, so that it can never take place.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qs

from pydantic import SecretStr

from parity.clients.adls import AdlsConfig, AdlsStorage, SharedAccess
from parity.clients.azure_account import AzureIdentity, token_claims
from parity.clients.entra import STORAGE, EntraConfig, entra_credential
from parity.doctor.checks import Check, Once
from parity.doctor.data_factory import judge_identity
from parity.doctor.line import Finding, differs, missing, ok
from parity.errors import AccessDenied, NotFound, Terminal, Transient

ROLE = "Storage Blob Data Contributor"
ENDS_SOON = timedelta(days=7)
SIGNED: Mapping[str, str] = {"list": "l", "read": "r", "write": "w", "delete": "d"}
"""What a run does → the letter of a shared access signature."""


@dataclass(frozen=True)
class StorageClients:
    """One storage account and how it lets us in."""

    config: AdlsConfig
    storage: AdlsStorage


class StorageSide:
    """One storage account of one connection."""

    def __init__(self, place: str, open_clients: Callable[[], StorageClients]) -> None:
        self.place = place
        self.clients = Once(open_clients)


def storage_checks(side: StorageSide, folder: str, needed: tuple[str, ...]) -> Iterator[Check]:
    """Yield what is needed of a folder, ``abfss://container@account…/path``."""
    yield Check(side.place, "identity", "", lambda: _identity(side), needed_by=needed)
    for verb in _ASKED:
        yield Check(side.place, "right", f"{verb} {folder}", partial(_right, side, verb, folder), "", needed)


def _identity(side: StorageSide) -> Iterator[Finding]:
    config = side.clients().config
    if isinstance(config.credential, SecretStr):
        yield ok("identity", f"account {config.account}", f"its shared key, {config.url}")
    elif isinstance(config.credential, SharedAccess):
        yield judge_signature(config.account, config.credential.signature.get_secret_value(), datetime.now(UTC))
    else:
        found = _token_identity(config.credential)
        yield judge_identity(found, config.credential)
        yield ok("account", config.account, config.url)


def _token_identity(credential: EntraConfig) -> AzureIdentity:
    claims = token_claims(entra_credential(credential, STORAGE).token().text.get_secret_value())
    return AzureIdentity(str(claims.get("tid", "")), str(claims.get("appid", "")), str(claims.get("oid", "")))


def judge_signature(account: str, signature: str, now: datetime) -> Finding:
    """Judge a shared access signature by what it says of itself: rights and end."""
    said = {name: values[0] for name, values in parse_qs(signature.lstrip("?")).items()}
    name, rights = f"account {account}", said.get("sp", "")
    lacking = [verb for verb, letter in SIGNED.items() if letter not in rights]
    renew = "Make a new shared access signature and put it into the connection."
    if rights and lacking:
        return missing("identity", name, f"The signature does not let us {', '.join(lacking)}.", renew)
    ends = _moment(said.get("se", ""))
    if ends and ends <= now + ENDS_SOON:
        return differs("identity", name, f"The signature ends on {ends:%Y-%m-%d %H:%M} UTC.", renew)
    return ok("identity", name, f"a shared access signature{f' until {ends:%Y-%m-%d}' if ends else ''}")


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _right(side: StorageSide, verb: str, folder: str) -> Iterator[Finding]:
    config = side.clients().config
    try:
        _ASKED[verb](side.clients().storage, folder)
    except AccessDenied as error:
        yield missing("right", f"{verb} {folder}", error.message, role_command(config, folder))
        return
    yield ok("right", f"{verb} {folder}")


def role_command(config: AdlsConfig, folder: str) -> str:
    """Return the command that lets our identity into a container, or what else to change."""
    if not isinstance(config.credential, EntraConfig):
        return "Correct the key or the signature in the connection."
    container = folder.partition("://")[2].partition("@")[0]
    account = f"$(az storage account show -n {config.account} --query id -o tsv)"
    scope = f"{account}/blobServices/default/containers/{container}"
    who = config.credential.client_id or "CLIENT"
    return f'az role assignment create --assignee {who} --role "{ROLE}" --scope "{scope}"'


def _list(storage: AdlsStorage, folder: str) -> None:
    storage.folders(folder)


def _read(storage: AdlsStorage, folder: str) -> None:
    try:
        storage.read(_nothing(folder))
    except NotFound as error:
        _container_there(error)


def _write(storage: AdlsStorage, folder: str) -> None:
    try:
        storage.write_if(_nothing(folder), b"", version='"0x0"')
    except (AccessDenied, Transient):
        raise
    except NotFound as error:
        _container_there(error)
    except Terminal:
        return  # nothing has that version: refused, but not for a right


def _delete(storage: AdlsStorage, folder: str) -> None:
    storage.delete(_nothing(folder))


_ASKED: Mapping[str, Callable[[AdlsStorage, str], None]] = {
    "list": _list,
    "read": _read,
    "write": _write,
    "delete": _delete,
}


def _nothing(folder: str) -> str:
    """Return the URL of an object that is not there."""
    return f"{folder.rstrip('/')}/parity-doctor-{secrets.token_hex(8)}"


def _container_there(error: NotFound) -> None:
    """Raise when it is the container that is not there."""
    if "ContainerNotFound" in error.message or "FilesystemNotFound" in error.message:
        raise error
