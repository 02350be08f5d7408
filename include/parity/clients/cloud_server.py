"""What a cloud says of a database server that it runs: is it up, which version, where, how configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from parity.errors import RemoteFailed, Terminal, Unreachable

REMEDY = "Start or repair the server, then clear this task with downstream."


class Health(StrEnum):
    """What a cloud's word for a server's state means to whoever wants to read from it."""

    UP = "up"
    PASSING = "passing"
    """It does not answer now, and will by itself."""
    DOWN = "down"


@dataclass(frozen=True)
class Parameter:
    """One server variable as the cloud has it configured."""

    value: str
    changed: bool = False
    """Somebody set it; it is not the cloud's default."""


@dataclass(frozen=True)
class CloudServer:
    """One server, by its cloud's own account."""

    kind: str
    """What people call it, such as ``RDS instance``."""
    name: str
    state: str
    """The cloud's own word."""
    version: str
    host: str
    port: int
    """0: the cloud does not say."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    parameter_group: str = ""
    url: str = ""
    """Where a person can look at it."""


def require_up(server: CloudServer, states: Mapping[str, Health]) -> CloudServer:
    """Return ``server`` when it can be read from; Unreachable when it soon can, else RemoteFailed.

    A word that is not in the table is an error: guessing that it means *up* could be wrong for a whole night.
    """
    who = f"{server.kind} {server.name}"
    health = states.get(server.state)
    if health is Health.UP:
        return server
    if health is Health.PASSING:
        raise Unreachable(f"{who} is {server.state}.", remedy="It will be asked again.", url=server.url)
    if health is Health.DOWN:
        remedy = "Start or repair the server, then clear this task with downstream."
        raise RemoteFailed(
            f"{who} is {server.state}, so nothing can be read from it.", remedy=remedy, url=server.url
        )
    raise Terminal(f"{who} is in state {server.state!r}, which Parity does not know.", url=server.url)


def states(up: str, passing: str, down: str) -> Mapping[str, Health]:
    """Return a cloud's table of words, each set given as one text with blanks between."""
    return {
        word: health
        for health, words in ((Health.UP, up), (Health.PASSING, passing), (Health.DOWN, down))
        for word in words.split()
    }
