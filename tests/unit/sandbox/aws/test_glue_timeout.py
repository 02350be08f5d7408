"""A run that takes too long, with minutes that fly."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

from parity_sandbox.aws.glue.jobs import JobEngine
from parity_sandbox.aws.s3.paths import Disk
from parity_sandbox.faults import Fault, Faults
from unit.sandbox.aws.harness import PlainPython


def job_of(script: str, **settings: object) -> SimpleNamespace:
    """Return what the engine reads of moto's job."""
    defaults = {
        "name": "slow",
        "command": {"ScriptLocation": script},
        "default_arguments": {},
        "non_overridable_arguments": {},
        "execution_property": {},
        "job_runs": [],
        "timeout": 1,
        "glue_version": "5.0",
    }
    echoed = dict.fromkeys(
        ("worker_type", "number_of_workers", "max_capacity", "allocated_capacity", "security_configuration"), None
    )
    return SimpleNamespace(**defaults, **echoed, notification_property=None, **settings)


def engine_in(folder: Path, faults: Faults) -> JobEngine:
    script = folder / "s3" / "b" / "slow.py"
    script.parent.mkdir(parents=True)
    script.write_text("import time\ntime.sleep(60)\n")
    return JobEngine(
        Disk(folder / "s3"), PlainPython(), faults, folder / "logs", "eu-west-1", minute=0.5, startup=0
    )


def test_a_run_past_its_timeout_is_killed(tmp_path: Path) -> None:
    engine = engine_in(tmp_path, Faults())
    run = engine.start(job_of("s3://b/slow.py"), {})
    engine.threads[0].join(20)
    assert run.status == "TIMEOUT"
    assert run.completed is not None


def test_a_held_run_times_out_too(tmp_path: Path) -> None:
    faults = Faults()
    faults.add(Fault(kind="stays_running", target="slow"))
    engine = engine_in(tmp_path, faults)
    begun = time.monotonic()
    run = engine.start(job_of("s3://b/slow.py"), {})
    engine.threads[0].join(20)
    assert run.status == "TIMEOUT"
    assert time.monotonic() - begun < 15
