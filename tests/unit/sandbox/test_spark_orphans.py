"""Sessions of Spark Connect that several hands close at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import py4j.protocol
import pytest

from parity_sandbox.spark.orphans import RunningSpark


class JavaError(py4j.protocol.Py4JJavaError):
    """An error of the JVM without a JVM."""

    def __init__(self, text: str) -> None:
        self.java_exception = text

    def __str__(self) -> str:
        return str(self.java_exception)


def spark(*sessions: str, error: str) -> tuple[RunningSpark, Any]:
    manager = MagicMock()
    left = [SimpleNamespace(userId=lambda name=name: name, key=lambda name=name: name) for name in sessions]
    manager.listActiveSessions().iterator.return_value = SimpleNamespace(
        hasNext=lambda: bool(left), next=lambda: left.pop(0)
    )
    manager.closeSession.side_effect = [JavaError(error), *[None] * len(sessions)]
    return RunningSpark(MagicMock(), MagicMock(), MagicMock(sessionManager=lambda: manager)), manager


def test_a_session_that_another_hand_closed_does_not_keep_the_next_from_being_closed() -> None:
    running, manager = spark("mine", "mine", "other", error="[SESSION_ALREADY_CLOSED] Session is already closed.")
    running.cancel("mine")
    assert [call.args[0] for call in manager.closeSession.call_args_list] == ["mine", "mine"]


def test_any_other_error_is_raised() -> None:
    running, _ = spark("mine", error="[INTERNAL_ERROR] something else")
    with pytest.raises(JavaError, match="INTERNAL_ERROR"):
        running.cancel("mine")
