"""What both clouds report about their servers: state, version, endpoint, configuration. Pure.

Like the cut-over list it informs, and changes no verdict; a server that is down never gets here.
"""

from __future__ import annotations

from collections.abc import Iterator

from parity.clients.cloud_server import CloudServer, Parameter
from parity.clients.mysql import Address
from parity.tablediff.schema.cutover import CutoverLine, Status, line_of

WATCHED = (
    "character_set_server",
    "collation_server",
    "event_scheduler",
    "explicit_defaults_for_timestamp",
    "innodb_lock_wait_timeout",
    "local_infile",
    "log_bin_trust_function_creators",
    "lower_case_table_names",
    "max_allowed_packet",
    "max_connections",
    "require_secure_transport",
    "sql_mode",
    "time_zone",
    "transaction_isolation",
    "wait_timeout",
)
"""Compared even where they have their defaults; what was changed is compared too."""
ON, OFF = ("1", "on", "true", "enabled"), ("0", "off", "false", "disabled")


def compare_servers(
    legacy: CloudServer | None, target: CloudServer | None, addresses: tuple[Address, Address]
) -> tuple[CutoverLine, ...]:
    """Return one line per fact; of a cloud that was not queried the line says so."""
    if legacy is None and target is None:
        return ()
    lines = [*_endpoints(legacy, target, addresses)]
    if legacy is None or target is None:
        states = [f"{one.kind} {one.name} is {one.state}" if one else "not asked" for one in (legacy, target)]
        return (CutoverLine("cloud's account", "not readable", *states), *lines)
    return (
        CutoverLine("state of the server", "ok", legacy.state, target.state),
        line_of(
            "engine version", _series(legacy.version) == _series(target.version), legacy.version, target.version
        ),
        *lines,
        *_parameters(legacy, target),
    )


def _series(version: str) -> tuple[str, ...]:
    """Return the release series: fixes of one series may differ, series may not."""
    return tuple(version.split(".")[:2])


def _endpoints(
    legacy: CloudServer | None, target: CloudServer | None, addresses: tuple[Address, Address]
) -> Iterator[CutoverLine]:
    """Yield whether each connection leads straight to the server that its cloud reports on."""
    for side, server, address in zip(("legacy", "target"), (legacy, target), addresses, strict=True):
        if server is None or not server.host:
            continue
        used, reported = f"{address.host}:{address.port}", f"{server.host}:{server.port or address.port}"
        shown = (used, reported) if side == "legacy" else (reported, used)
        yield line_of(f"endpoint of the {side} connection", used.lower() == reported.lower(), *shown)


def _parameters(legacy: CloudServer, target: CloudServer) -> Iterator[CutoverLine]:
    changed = {name for server in (legacy, target) for name, one in server.parameters.items() if one.changed}
    for name in sorted(changed | set(WATCHED)):
        old, new = legacy.parameters.get(name), target.parameters.get(name)
        if old or new:
            status = _status(old, new)
            yield CutoverLine(f"parameter {name}", status, _shown(old, legacy), _shown(new, target))


def _status(old: Parameter | None, new: Parameter | None) -> Status:
    if old is None or new is None or "{" in old.value:  # RDS shows formulas, such as {DBInstanceClassMemory*3/4}
        return "not readable"
    return "ok" if _plain(old.value) == _plain(new.value) else "differs"


def _plain(value: str) -> frozenset[str]:
    """Return a value without its spelling: case, order of a list, words for on and off."""
    words = {word.strip().lower() for word in value.split(",")}
    return frozenset("on" if word in ON else "off" if word in OFF else word for word in words)


def _shown(one: Parameter | None, server: CloudServer) -> str:
    return one.value if one else f"{server.kind} does not show it"
