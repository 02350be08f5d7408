"""One private DuckDB: bounded memory, scratch that is always removed, and errors in one clear sentence."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from parity.compare.types import unescaped
from parity.errors import BadInput, CouldNotCompare, ExportRefused

if TYPE_CHECKING:
    import duckdb

    from parity.compare.spec import Spec

A = TypeVar("A")
B = TypeVar("B")


def ident(name: str) -> str:
    """Quote a column's or a table's name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote a text literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: str | None) -> str:
    """Quote a text, or write NULL."""
    return "NULL" if value is None else text(value)


def batches(items: Sequence[A], size: int) -> list[Sequence[A]]:
    """Cut a sequence into batches of at most ``size``, each for a statement of its own."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _statement(sql: str) -> str:
    """Return a statement that was built from templates; raise BadInput where it is not Unicode."""
    statement = unescaped(sql)
    try:
        statement.encode()
    except UnicodeEncodeError as error:
        what = statement[max(0, error.start - 20) : error.end]
        raise BadInput(f"A name or a text is not Unicode: …{what!r}.", remedy="Write it in UTF-8.") from error
    return statement


class DuckSession:
    """Runs statements; what DuckDB cannot do is raised as one of Parity's own errors."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
        self._connection = connection
        self._stopped = False
        self.scratch = scratch
        self.names: dict[str, str] = {}
        """What files are called in messages, by the names under which they were opened."""
        self.resources = ExitStack()
        """Closed when the session ends."""

    def run(self, sql: str) -> int:
        """Execute a statement and return the rows that it wrote (0 when it wrote none)."""
        rows = self.rows(sql)
        return int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute a query and return every row."""
        if self._stopped:
            raise KeyboardInterrupt
        with self._errors():
            return self._connection.execute(_statement(sql)).fetchall()

    def row(self, sql: str) -> tuple[Any, ...]:
        """Execute a query and return its only row."""
        return self.rows(sql)[0]

    def one(self, sql: str) -> Any:
        """Execute a query and return its only value."""
        return self.row(sql)[0]

    def describe(self, query: str) -> list[tuple[str, duckdb.sqltypes.DuckDBPyType]]:
        """Return the name and type of every column of a query, without running it."""
        with self._errors():
            relation = self._connection.sql(_statement(query))
        return list(zip(relation.columns, relation.types, strict=True))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise DuckDB's errors as Parity's own, and its interrupt as one from the keyboard."""
        import duckdb

        try:
            yield
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> CouldNotCompare | BadInput:
        known = explain(error, self.scratch)
        links = re.compile(re.escape(str(self.scratch)) + r"[^\"']*/\d+")
        message = links.sub(lambda found: self.names.get(found[0], found[0]), known.message)
        return type(known)(message, remedy=known.remedy)

    def add_functions(self) -> None:
        """Define the functions of :mod:`parity.compare.sql_functions`."""
        from duckdb.func import FunctionNullHandling

        from parity.compare.sql_functions import canonical_json, within_digits

        self._connection.create_function(
            "canonical_json", canonical_json, ["varchar"], "varchar", null_handling=FunctionNullHandling.SPECIAL
        )
        self._connection.create_function("within_digits", within_digits, ["varchar"] * 4, "boolean")

    def use_wide_planning(self) -> None:
        """Disable what costs the square of the number of columns to plan.

        Looking for shared expressions took 3.2 of 3.9 seconds of a join of two tables of 2,000 columns. Its gain
        is small: that of a few texts and hashes worked out once, not twice.
        """
        self.rows(f"SET disabled_optimizers = '{_STATISTICS_OPTIMIZER},common_subexpressions'")

    def drop(self, *tables: str) -> None:
        """Drop tables, to give their memory back."""
        for table in tables:
            self.rows(f"DROP TABLE IF EXISTS {table}")

    def both(self, one: Callable[[DuckSession], A], other: Callable[[DuckSession], B]) -> tuple[A, B]:
        """Run two functions at once, each on a connection of its own to the same tables; return both results.

        Most statements are too small for more than one core. The first error ends the other one, and is raised.
        """
        left, right = (DuckSession(_in_utc(self._connection.cursor()), self.scratch) for _ in range(2))
        left.names = right.names = self.names
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(one, left), pool.submit(other, right)
            works: tuple[Future[Any], ...] = (first, second)
            try:
                done, _ = wait(works, return_when=FIRST_EXCEPTION)
                for work in (work for work in works if work in done):
                    work.result()
                return first.result(), second.result()
            finally:
                # An interrupt that falls between two statements is lost: repeat it until both have ended.
                while True:
                    left.stop()
                    right.stop()
                    if not wait(works, timeout=0.05).not_done:
                        break

    def stop(self) -> None:
        """End the running statement, and refuse every later one."""
        self._stopped = True
        self._connection.interrupt()


@contextmanager
def session(spec: Spec) -> Iterator[DuckSession]:
    """Open a DuckDB within the spec's limits; its scratch is always removed."""
    import duckdb

    scratch = _make_scratch(spec)
    connection = None
    try:
        connection = duckdb.connect(config=_limits(spec, scratch))
        opened = DuckSession(_in_utc(connection), scratch)
        with opened.resources:
            yield opened
    except duckdb.Error as error:
        raise explain(error, scratch) from error
    finally:
        if connection is not None:
            connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


_STATISTICS_OPTIMIZER = "statistics_propagation"
"""What DuckDB infers from a file's minima and maxima decides which rows are read, and these may be wrong: where a
column was 1 and NaN, the row of NaN was lost in the second pass, because NaN is in no statistics."""


def _in_utc(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    return connection.execute("SET TimeZone = 'UTC'")


def _make_scratch(spec: Spec) -> Path:
    try:
        if spec.scratch:
            spec.scratch.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="parity-", dir=spec.scratch))
    except OSError as error:
        place = spec.scratch or tempfile.gettempdir()
        raise CouldNotCompare(f"No scratch can be made in {place}: {error.strerror}.") from error


def _limits(spec: Spec, scratch: Path) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "memory_limit": spec.memory,
        "temp_directory": str(scratch),
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
        "disabled_optimizers": _STATISTICS_OPTIMIZER,
    }
    return limits | ({"threads": spec.threads} if spec.threads else {})


def disk_full(scratch: Path) -> CouldNotCompare:
    """Return the error for a scratch that holds no more."""
    return CouldNotCompare(
        f"The disk that holds {scratch.parent} is full.", remedy="Free some, or choose another --scratch."
    )


_FULL = ("no space left", "max_temp_directory_size")
_OUT_OF_MEMORY = "out of memory"
_ROOM = 64 * 2**20
"""Bytes. What no longer fits into memory goes to the disk: with less room than this, more memory is no remedy."""
_REMEDIES = (
    (_OUT_OF_MEMORY, "The memory limit is too small for this comparison.", "Raise --memory."),
    (
        "to higher precision",
        "A time outside the years 1677 to 2262 stands against nanoseconds, which cannot hold it.",
        "Compare both in microseconds: CAST(… AS TIMESTAMP) as legacy_sql and target_sql.",
    ),
    ("failed to allocate", "The memory limit is too small for this comparison.", "Raise --memory."),
)


def _is_full(scratch: Path) -> bool:
    return scratch.exists() and shutil.disk_usage(scratch).free < _ROOM


def explain(error: Exception, scratch: Path) -> CouldNotCompare | BadInput:
    """Turn DuckDB's error into one sentence, with a remedy."""
    import duckdb

    words = str(error).split("\n\nLINE", maxsplit=1)[0]
    if any(mark in words.lower() for mark in _FULL) or (_OUT_OF_MEMORY in words.lower() and _is_full(scratch)):
        return disk_full(scratch)
    for mark, message, remedy in _REMEDIES:
        if mark.lower() in words.lower():
            return CouldNotCompare(message, remedy=remedy)
    if isinstance(error, duckdb.BinderException | duckdb.ParserException | duckdb.CatalogException):
        return BadInput(_short(words))
    if isinstance(error, duckdb.IOException):
        return ExportRefused(f"The data cannot be read: {_short(words)}")
    if isinstance(error, duckdb.InvalidInputException):
        return ExportRefused(f"The data cannot be read: {_short(without_values(words))}")
    return CouldNotCompare(f"The comparison stopped: {_short(without_values(words))}")


def _short(words: str) -> str:
    return " ".join(words.split("\n\n", maxsplit=1)[0].split())[:400]


_FILE = re.compile(r"[^'\"]*\bfile \"[^\"]*\"")
_VALUES = (
    # To the last quotation mark: the value may hold some itself.
    re.compile(r"(['\"])(.*\1|.*)", re.DOTALL),
    re.compile(r"\n.*", re.DOTALL),
    re.compile(r"(?<=[Ii]nput: ).*"),
    re.compile(r"(?<=with value )\S+"),
    re.compile(r"\([^()]* [-+*/%] [^()]*\)"),
)
"""Where DuckDB's messages about values quote one: it may be a sensitive one, and messages are logged."""


def without_values(message: str) -> str:
    """Return a message with every value that it quotes left out; the file that it names stays."""
    file = _FILE.match(message)
    head, rest = (file[0], message[file.end() :]) if file else ("", message)
    for pattern in _VALUES:
        rest = pattern.sub("…", rest)
    return head + rest
