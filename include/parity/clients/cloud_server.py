"""What a cloud reports about a database server: whether it is up, its version, endpoint and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from parity.errors import RemoteFailed, Terminal, Unreachable


class Health(StrEnum):
    """Whether a server in a state of its cloud can be read from."""

    UP = "up"
    PASSING = "passing"
    """Not now, and soon by itself."""
    DOWN = "down"


@dataclass(frozen=True)
class Parameter:
    """One server variable as the cloud has it configured."""

    value: str
    changed: bool = False
    """Somebody set it; it is not the cloud's default."""


@dataclass(frozen=True)
class CloudServer:
    """One server, as its cloud reports it."""

    kind: str
    """What people call it, such as ``RDS instance``."""
    name: str
    state: str
    """In the cloud's own words."""
    version: str
    host: str
    port: int
    """0: the cloud does not report it."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    url: str = ""
    """Where a person can look at it."""


def require_up(server: CloudServer, states: Mapping[str, Health]) -> CloudServer:
    """Return ``server`` when it can be read from; Unreachable when it soon can, else RemoteFailed.

    A state that is not in the table is an error: a guess that it means *up* could be wrong.
    """
    who = f"{server.kind} {server.name}"
    health = states.get(server.state)
    if health is Health.UP:
        return server
    if health is Health.PASSING:
        raise Unreachable(f"{who} is {server.state}.", remedy="It will be queried again.", url=server.url)
    if health is Health.DOWN:
        raise RemoteFailed(
            f"{who} is {server.state}, so nothing can be read from it.",
            remedy="Start or repair the server, then clear this task with downstream.",
            url=server.url,
        )
    raise Terminal(f"{who} is in state {server.state!r}, which Parity does not know.", url=server.url)


def states(up: str, passing: str, down: str) -> Mapping[str, Health]:
    """Return a cloud's table of states, each set given as one text with blanks between."""
    return {
        state: health
        for health, words in ((Health.UP, up), (Health.PASSING, passing), (Health.DOWN, down))
        for state in words.split()
    }
