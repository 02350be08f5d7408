"""Arguments of a Glue job."""

from __future__ import annotations

from collections.abc import Sequence


class GlueArgumentError(Exception):
    """A wanted argument was not given."""


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802 - Glue's name
    """Return the wanted options of ``--name value`` or ``--name=value``, and JOB_NAME when it is there."""
    given = _pairs(list(args))
    missing = [name for name in options if name not in given]
    if missing:
        wanted = ", ".join(f"--{name}" for name in missing)
        raise GlueArgumentError(f"the following arguments are required: {wanted}")
    return {name: value for name, value in given.items() if name in {*options, "JOB_NAME"}}


def _pairs(args: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    while args:
        name, equals, value = args.pop(0).partition("=")
        if name.startswith("--"):
            found[name[2:]] = value if equals else _value(args)
    return found


def _value(args: list[str]) -> str:
    return args.pop(0) if args and not args[0].startswith("--") else ""
