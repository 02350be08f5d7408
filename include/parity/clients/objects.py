"""URLs of objects, how objects reach a file, and what a failed attempt means, in every storage alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from parity.clients.http import Failure, error_for
from parity.errors import AccessDenied, BadInput, NotFound, Terminal, Unreachable

DRAFT = ".part"


@dataclass(frozen=True)
class ObjectUrl:
    """A URL taken apart: ``s3://bucket/key``, ``abfss://container@host/key``, ``file:///key``."""

    scheme: str
    root: str
    host: str
    key: str

    @classmethod
    def of(cls, url: str) -> ObjectUrl:
        """Take ``url`` apart; BadInput when it is no object's or folder's."""
        # Not urlsplit's path: an object's name may hold # and ?.
        scheme, _, rest = url.partition("://")
        authority, _, key = rest.partition("/")
        root, _, host = authority.rpartition("@")
        complete = {"s3": bool(host) and not root, "abfss": bool(host and root), "file": not authority}
        if not complete.get(scheme):
            remedy = "Write s3://bucket/…, abfss://container@account.dfs.core.windows.net/… or file:///…."
            raise BadInput(f"{url!r} is no URL of an object or a folder.", remedy=remedy)
        return cls(scheme, root or host, host, key)

    @property
    def prefix(self) -> str:
        """Return the key as a folder's, so that ``a`` never matches ``ab/``."""
        return self.key.rstrip("/") + "/" if self.key.strip("/") else ""


def save(chunks: Iterable[bytes], to: Path) -> int:
    """Write chunks to a file of which no reader or other writer sees half; return its size in bytes."""
    to.parent.mkdir(parents=True, exist_ok=True)
    draft = to.with_name(f".{to.name}.{uuid4().hex[:12]}{DRAFT}")
    with draft.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
        size = file.tell()
    draft.replace(to)
    return size


@contextmanager
def local_errors(path: Path) -> Iterator[None]:
    """Turn what the machine's own disk refuses into errors of :mod:`parity.errors`."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise NotFound(f"There is no file {path}.") from None
    except PermissionError:
        raise AccessDenied(f"{path} may not be read or written.") from None
    except OSError as error:
        raise Terminal(f"{path} cannot be used ({error.strerror}).") from None


@contextmanager
def azure_errors(what: str) -> Iterator[None]:
    """Turn what Azure's storage client raises inside into errors of :mod:`parity.errors` that name ``what``."""
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        HttpResponseError,
        IncompleteReadError,
        ServiceRequestError,
        ServiceResponseError,
    )

    try:
        yield
    except ClientAuthenticationError as error:
        raise error_for(Failure(403, _code(error)), "ADLS", what) from None
    except (ServiceRequestError, ServiceResponseError, IncompleteReadError) as error:
        raise Unreachable(f"ADLS could not be reached for {what} ({type(error).__name__}).") from None
    except HttpResponseError as error:
        # The message of a refused signature quotes the string that was signed; the code is enough.
        raise error_for(Failure(error.status_code or 0, _code(error), error.reason or ""), "ADLS", what) from None
    except AzureError as error:
        raise Terminal(f"ADLS rejected the request for {what} ({type(error).__name__}).") from None
    except (LookupError, TypeError, ValueError) as error:
        # The client trusts headers that only storage sends; a proxy's page of its own makes it stumble.
        raise Unreachable(
            f"Something that is not ADLS answered for {what} ({type(error).__name__}).",
            remedy="Check the connection's address and any proxy between.",
        ) from error


def _code(error: Exception) -> str:
    """Return Azure's code of an error; the client gives text or an enumeration of it."""
    code = getattr(error, "error_code", None) or ""
    return str(getattr(code, "value", code))
