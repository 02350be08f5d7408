"""Both database servers, in a thread of their own that lives as long as they do."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parity_sandbox.context import Context
from parity_sandbox.progress import say

if TYPE_CHECKING:
    from parity_sandbox.mysql import Databases


@dataclass
class DatabaseKeeper:
    """Starts the servers beside everything else.

    They are children of the keeper's thread, for the kernel kills a child when the *thread* that started it
    ends; so the thread stays until :meth:`stop`.
    """

    context: Context
    _up: Future[Databases] = field(default_factory=Future)
    _closing: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin; return at once."""
        threading.Thread(target=self._keep, name="databases").start()

    def wait(self) -> None:
        """Return when both answer; raise what kept them from it."""
        self._up.result()

    def reset(self) -> None:
        """Make both ledgers anew, with the defects that are on."""
        self._up.result().seed()

    def as_new(self) -> None:
        """Make both ledgers as they were at first, whatever was switched since."""
        from parity_sandbox.mysql.ledger import defects, remember

        remember(self.context.state, defects())
        self.reset()

    def stop(self) -> None:
        """Have the servers stopped."""
        self._closing.set()

    def _keep(self) -> None:
        from parity_sandbox import mysql

        try:
            databases = mysql.start(self.context)
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            self._up.set_exception(error)
            return
        self._up.set_result(databases)
        say("databases are up")
        self._closing.wait()
        databases.stop()
