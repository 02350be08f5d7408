"""The sandbox's clouds as containers reach them: its loopback ports, inside the network of each container."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Queue
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

from parity_sandbox.endpoints import Endpoints

NETWORK = 0x40000000
"""CLONE_NEWNET of setns(2)."""
CHUNK = 65_536


@dataclass
class Roads:
    """Listens on ``ports`` of a container's own loopback, and connects each caller with the machine's.

    The first request with ``needle`` reaches the cloud, and its answer nobody: ``held`` then has the container
    that asked, which has started something and cannot know of it.
    """

    ports: tuple[int, ...]
    needle: bytes = b""
    held: Queue[str] = field(default_factory=Queue)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def to(cls, endpoints: Endpoints) -> Roads:
        """Return the roads to a sandbox."""
        urls = (getattr(endpoints, name) for name in ("aws", "azure", "databricks", "storage", "sink"))
        return cls(tuple(int(urlsplit(url).port or 0) for url in urls))

    def into(self, container: str, process: int) -> None:
        """Build them into the network of a container's process."""
        with ThreadPoolExecutor(1) as inside:  # the thread stays in that network, and ends with this block
            listening = inside.submit(_listen, process, self.ports).result()
        for server in listening:
            Thread(target=self._serve, args=(container, server), daemon=True).start()

    def _serve(self, container: str, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection(server.getsockname())
                Thread(target=self._carry, args=(container, near, far), daemon=True).start()

    def _carry(self, container: str, near: socket.socket, far: socket.socket) -> None:
        held = Event()
        Thread(target=_answer, args=(far, near, held), daemon=True).start()
        with suppress(OSError), near, far:
            while data := near.recv(CHUNK):
                if self._is_awaited(data):
                    held.set()
                    far.sendall(data)
                    self.held.put(container)
                else:
                    far.sendall(data)
            far.shutdown(socket.SHUT_WR)

    def _is_awaited(self, data: bytes) -> bool:
        with self._lock:
            if not self.needle or self.needle not in data:
                return False
            self.needle = b""
            return True


def _listen(process: int, ports: Iterable[int]) -> list[socket.socket]:
    network = os.open(f"/proc/{process}/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network, NETWORK):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(network)
    return [socket.create_server(("127.0.0.1", port), backlog=64) for port in ports]


def _answer(far: socket.socket, near: socket.socket, held: Event) -> None:
    with suppress(OSError):
        while data := far.recv(CHUNK):
            if not held.is_set():
                near.sendall(data)
        if not held.is_set():
            near.shutdown(socket.SHUT_WR)
