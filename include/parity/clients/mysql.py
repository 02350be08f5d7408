"""The only client of MySQL servers: a read-only session that names itself in every query, and errors of our own.

Every session runs in UTC, with an empty ``sql_mode`` and UTF-8, because :mod:`parity.sql.mysql` relies on
it; :mod:`parity.clients.mysql_settings` lists all that is set. It can read only, waits for no lock longer than
its limit, and no statement outlives its time-out.
TLS is required, and the server's name verified, for every host that is not loopback.
"""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from parity.clients.mysql_settings import UNLIMITED, Setting, settings, unset
from parity.errors import AccessDenied, BadInput, CouldNotCompare, NotFound, Terminal, Throttled, Unreachable

if TYPE_CHECKING:
    import pymysql

Tls = Literal["verify", "unverified", "off"]
Row = tuple[Any, ...]

_DENIED = {1044, 1045, 1142, 1143, 1227, 1370, 1698, 1820, 1862, 2059, 3118, 3159, 4151}
_MISSING = {1049, 1146, 1109, 1054, 1539}
_BUSY = {1040, 1203, 1226}
_GONE = {0, 1053, 1077, 1079, 1158, 1159, 1160, 1161, 1184, 1927, 2002, 2003, 2006, 2013, 2014, 2055}
_NO_TLS = 2026
_RESET_CONNECTION = 0x1F
_NO_MEMORY = {1037, 1038}
_STOPPED = {1205, 1213, 1317, 1969, 3024, 4031}
"""A lock, a time-out or a KILL QUERY: the statement may well succeed the next time."""


class StatementStopped(Unreachable):
    """One statement took too long, waited for a lock too long, or was killed; the session may live on."""


class SortMemory(Terminal):
    """Rows are too long for the server's sort buffer; a statement that sorts none of them may still succeed."""


@dataclass(frozen=True)
class Address:
    """Where a database is and as whom to connect; prints itself without its password."""

    host: str
    user: str
    database: str
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    port: int = 3306
    socket: str = ""
    tls: Tls = "verify"
    ca: str = ""
    """File of certificates to trust, such as the RDS bundle; empty means the machine's own."""

    def __str__(self) -> str:
        where = self.socket or f"{self.host}:{self.port}"
        return f"mysql://{self.user}@{where}/{self.database}"

    @property
    def local(self) -> bool:
        """Return whether nothing leaves this machine."""
        if self.socket or self.host == "localhost":
            return True
        with suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return False


def address(url: str) -> Address:
    """Read ``mysql://user:password@host:port/database?unix_socket=&ssl_ca=&tls=``.

    Raises BadInput, whose message never repeats the URL: it may hold a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "localhost", 3306 if parts.port is None else parts.port
        host.encode("idna")
        named = (parts.username or "root", parts.password or "", parts.path.lstrip("/"))
        user, password, database = (unquote(text, errors="strict") for text in named)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        raise BadInput("The database URL cannot be read.", remedy=_SHAPE) from None
    if parts.fragment or "\0" in user + password + database:
        raise BadInput("The database URL holds a # or a zero byte; write %23 for #.", remedy=_SHAPE)
    if parts.scheme not in ("mysql", "mysql+pymysql") or not database or "/" in database:
        raise BadInput("The database URL needs the scheme mysql and one database.", remedy=_SHAPE)
    _check_options(options)
    found = Address(
        host=host,
        user=user,
        password=SecretStr(password),
        database=database,
        port=port,
        socket=options.get("unix_socket", ""),
        ca=options.get("ssl_ca", ""),
    )
    return replace(found, tls=_tls(options.get("tls", ""), found))


_SHAPE = "Write mysql://user:password@host:port/database, or mysql://…/database?unix_socket=/path."
_OPTIONS = ("unix_socket", "ssl_ca", "tls", "charset")


def _check_options(options: dict[str, str]) -> None:
    for name in options:
        if name not in _OPTIONS:
            raise BadInput(f"The database URL has an unknown option {name!r}.", remedy=f"Known: {_OPTIONS}.")


def _tls(asked: str, found: Address) -> Tls:
    if asked not in ("", "verify", "unverified", "off"):
        raise BadInput(f"tls={asked!r} is unknown.", remedy="Write verify, unverified or off.")
    if asked == "off" and not found.local:
        raise BadInput(f"TLS cannot be switched off for {found.host}: only loopback may go without.")
    if asked in ("verify", "unverified", "off"):
        return asked  # type: ignore[return-value]
    return "off" if found.local and not found.ca else "verify"


@dataclass(frozen=True)
class Limits:
    """What one session may do to a server."""

    connect_seconds: float = 10.0
    statement_seconds: float = 600.0
    lock_seconds: int = 5
    packet_bytes: int = 256 * 2**20


class MySQLSession:
    """One connection. Not thread-safe, but :meth:`kill` may be called from anywhere."""

    def __init__(self, where: Address, limits: Limits, name: str) -> None:
        self.where = where
        self.limits = limits
        self.name = name
        self._connection = _connect(where, limits, name)
        self._lock = threading.Lock()
        self.version = str(self._connection.get_server_info())  # type: ignore[no-untyped-call]
        self._reset()
        self._prepare()
        self._thread = self.rows("SELECT CONNECTION_ID()")[0][0]

    @property
    def mariadb(self) -> bool:
        """Return whether the server is MariaDB."""
        return "mariadb" in self.version.lower()

    def rows(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[Row]:
        """Return all rows of one statement."""
        with translated(self.where), self._connection.cursor() as cursor:
            cursor.execute(self._signed(sql), arguments)
            return list(cursor.fetchall())

    def dicts(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[dict[str, Any]]:
        """Return all rows by lower-case column name."""
        with translated(self.where), self._connection.cursor() as cursor:
            cursor.execute(self._signed(sql), arguments)
            names = [str(item[0]).lower() for item in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def texts(self, sql: str) -> list[dict[str, str | None]]:
        """Return all rows by lower-case column name, as text; a byte that is no UTF-8 is shown as ``\\xff``."""
        connection, unicode = self._connection, self._connection.use_unicode
        connection.use_unicode = False  # PyMySQL would raise for such a byte in the middle of the rows
        try:
            found = self.dicts(sql)
        finally:
            connection.use_unicode = unicode
        return [{name: _text(value) for name, value in row.items()} for row in found]

    def execute(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        with translated(self.where), self._connection.cursor() as cursor:
            cursor.execute(sql)

    def snapshot(self) -> None:
        """Read, from now on, the database as it is at this moment; ends the snapshot before."""
        self.execute("ROLLBACK")
        self.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def kill(self) -> None:
        """Stop whatever the session is running, through a connection of its own; never raises."""
        with suppress(CouldNotCompare, OSError), self._lock:
            other = _connect(self.where, self.limits, self.name)
            try:
                with translated(self.where), other.cursor() as cursor:
                    cursor.execute(f"KILL {int(self._thread)}")
            finally:
                other.close()

    def close(self) -> None:
        """Close the connection; never raises."""
        with suppress(Exception):
            self._connection.close()

    def _signed(self, sql: str) -> str:
        return f"/* {self.name} */ {sql}"

    def _reset(self) -> None:
        """Begin as a new session does: without what ``init_connect`` or a pool's former user has left in it.

        A temporary table would be read in place of the table of its name, and ``USE`` would have led to another
        database. Servers before MySQL 5.7 and MariaDB 10.2 do not know the command; there they are looked for.
        """
        connection: Any = self._connection
        with suppress(Terminal), translated(self.where):
            connection._execute_command(_RESET_CONNECTION, b"")  # noqa: SLF001  PyMySQL has no call for it
            connection._read_ok_packet()  # noqa: SLF001
        with translated(self.where):
            connection.select_db(self.where.database)

    def _prepare(self) -> None:
        """Set every variable that can alter an answer, and read it back: a proxy may not have passed it on."""
        limits = self.limits
        # These would cut the list of variables off, too, refuse or stop it.
        timeout = "max_statement_time" if self.mariadb else "max_execution_time"
        unlimited = ", ".join(f"{name} = {UNLIMITED}" for name in ("sql_select_limit", "max_join_size"))
        self.execute(f"SET SESSION {unlimited}, sql_big_selects = 1, {timeout} = 0")
        wanted = settings(limits.statement_seconds, limits.lock_seconds, limits.packet_bytes)
        known = [setting for setting in wanted if setting.name in self._variables(wanted)]
        refused = self._set(known)
        self.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for setting, value in unset(known, self._variables(known)):
            raise AccessDenied(
                f"{self.where} keeps the session variable {setting.name} at {value!r}, which {setting.why}"
                f"{refused.get(setting.name, '.')}",
                remedy=f"Give the user the right to set it, or make it {setting.value!r} on the server.",
            )

    def _set(self, wanted: Sequence[Setting]) -> dict[str, str]:
        """Set variables; return those that the server refuses to set, and why."""
        try:
            self.execute(f"SET SESSION {', '.join(setting.sql for setting in wanted)}")
        except (AccessDenied, Terminal):
            return dict(filter(None, map(self._refused, wanted)))
        return {}

    def _refused(self, setting: Setting) -> tuple[str, str] | None:
        try:
            self.execute(f"SET SESSION {setting.sql}")
        except (AccessDenied, Terminal) as error:
            return setting.name, f": {error}"
        return None

    def _variables(self, wanted: Iterable[Setting]) -> dict[str, str]:
        names = ", ".join(f"'{setting.name}'" for setting in wanted)
        shown = self.rows(f"SHOW SESSION VARIABLES WHERE Variable_name IN ({names})")
        return {str(name).lower(): str(value) for name, value in shown}


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return None if value is None else str(value)


def connect(where: Address, limits: Limits | None = None, name: str = "parity") -> MySQLSession:
    """Open a session. Raises AccessDenied, NotFound, Throttled or Unreachable, each one clear sentence."""
    return MySQLSession(where, limits or Limits(), name)


def _connect(where: Address, limits: Limits, name: str) -> pymysql.Connection[Any]:
    import pymysql

    with translated(where):
        return pymysql.connect(
            host=where.host,
            port=where.port,
            unix_socket=where.socket or None,
            user=where.user,
            password=where.password.get_secret_value().encode(),  # PyMySQL would take it for latin1
            database=where.database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=limits.connect_seconds,
            read_timeout=limits.statement_seconds + 30,
            write_timeout=limits.statement_seconds + 30,
            program_name=name,
            max_allowed_packet=limits.packet_bytes,
            **_tls_arguments(where),
        )


def _tls_arguments(where: Address) -> dict[str, Any]:
    if where.tls == "off":
        return {"ssl_disabled": True}
    try:
        context = ssl.create_default_context(cafile=where.ca or None)
    except OSError as error:  # SSLError is one: a file that holds no certificate
        why = error.strerror or str(error)
        raise AccessDenied(f"ssl_ca={where.ca} of {where} cannot be read: {why}.", remedy=_TRUST) from None
    if where.tls == "unverified":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


@contextmanager
def translated(where: Address) -> Iterator[None]:
    """Turn whatever PyMySQL raises into one of our errors; the password is in none of them."""
    import pymysql

    try:
        yield
    except pymysql.MySQLError as error:
        raise _error(error, where) from None
    except UnicodeError as error:
        raise Terminal(f"{where}: a name or a text cannot be carried: {_hidden(str(error), where)}.") from None
    except (OSError, ssl.SSLError, RuntimeError) as error:
        raise Unreachable(f"{where} cannot be reached: {_hidden(str(error), where)}.") from None


def _error(error: Exception, where: Address) -> CouldNotCompare:
    code, words = _parts(error)
    reason = _hidden(words, where).rstrip(".")
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = cause.verify_message.rstrip(".")
        return AccessDenied(f"{where} shows a certificate that is not trusted: {why}.", remedy=_TRUST)
    if code == _NO_TLS:
        return AccessDenied(f"{where} offers no TLS, which is required.", remedy=_TRUST)
    if code in _DENIED:
        return AccessDenied(f"{where} refused: {reason}.", remedy=_DENIED_REMEDY)
    if code in _MISSING:
        return NotFound(f"{where}: {reason}.")
    if code in _BUSY:
        return Throttled(f"{where} has no connection to spare: {reason}.", retry_after=5.0)
    if code in _STOPPED:
        return StatementStopped(f"{where} stopped a statement: {reason}.")
    if code in _GONE:
        return Unreachable(f"{where} cannot be reached: {reason}.")
    kind = SortMemory if code in _NO_MEMORY else Terminal
    return kind(f"{where} answered error {code}: {reason}.")


_TRUST = "Name its authority's file with ssl_ca=FILE; see tls= in docs/databases.md."
_DENIED_REMEDY = "Check the user, its password and its rights (SELECT, and SHOW VIEW for views)."


def _parts(error: Exception) -> tuple[int, str]:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    return code, str(error.args[1]) if len(error.args) > 1 else str(error)


def _hidden(words: str, where: Address) -> str:
    secret = where.password.get_secret_value()
    return " ".join((words.replace(secret, "…") if len(secret) > 2 else words).split())
