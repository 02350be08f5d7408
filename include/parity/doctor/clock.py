"""Whether the clouds' clocks agree with this machine's."""

from __future__ import annotations

from datetime import timedelta

from parity.doctor.line import Finding, differs, ok, unreadable

SKEW = timedelta(minutes=2)
"""How far a cloud's clock may differ: signatures and windows of dates allow five minutes at the most."""


def judge_clock(cloud: str, skew: timedelta | None) -> Finding:
    """Judge how far a cloud's clock is from this machine's."""
    if skew is None:
        return unreadable("clock", cloud, "The answer names no time.")
    seconds = round(skew.total_seconds())
    if abs(skew) <= SKEW:
        return ok("clock", cloud, f"{abs(seconds)} s apart from this machine's")
    direction = "behind" if seconds > 0 else "ahead"
    remedy = "Synchronise it: timedatectl set-ntp true"
    return differs(
        "clock",
        cloud,
        f"This machine's clock is {abs(seconds)} s {direction}.",
        remedy,
    )
