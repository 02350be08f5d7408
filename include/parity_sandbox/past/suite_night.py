"""A night of the suite: real comparisons, the real verdicts, and the records that a run leaves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from parity.clients.artefacts import Artefacts
from parity.compare.result import Result
from parity.expectations.findings import Findings
from parity.flow.codec import to_json
from parity.flow.provenance import PROVENANCE, Provenance, verdict_rules
from parity.flow.run_verdict import PIPELINE_TASKS, PLAN, RunFacts, TaskFacts, judge_run
from parity.flow.suite_run.activity_run import ActivityRun
from parity.flow.suite_run.files import PAGE
from parity.flow.suite_run.plan import PipelineUse, SuiteRunPlan
from parity.flow.suite_run.records import activity_record
from parity.flow.suite_run.steps import compare
from parity.flow.suite_run.verdict import judge
from parity.history.records import SEEDED, ActivityRecord, RunRecord
from parity.settings import Settings
from parity.suite.models import Suite, Waiver
from parity.suite.suite_files import legacy_sql
from parity_sandbox.past.outputs import Made, Outputs
from parity_sandbox.past.story import Night

BEGINS = time(2)
"""When the run of the day before begins."""
TAKES = timedelta(minutes=20)
Known = dict[tuple[object, ...], tuple[Result, bytes]]
"""What was found in a pair of files by some rules, and its page."""


@dataclass(frozen=True)
class At:
    """A clock that stands still."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Return at once."""


@dataclass(frozen=True)
class SuiteNight:
    """One night of the suite as it was declared then; ``path`` is its file."""

    night: Night
    path: Path
    suite: Suite
    waivers: tuple[Waiver, ...]
    sha: str
    settings: Settings
    known: Known = field(default_factory=dict)

    @property
    def started(self) -> datetime:
        """Return when it began: in the small hours after the business date."""
        return datetime.combine(self.night.day + timedelta(days=1), BEGINS, ZoneInfo(self.suite.timezone))

    @cached_property
    def plan(self) -> SuiteRunPlan:
        """Return the plan of the run."""
        return SuiteRunPlan(
            suite=self.suite.suite,
            run_id=f"{SEEDED}{self.started.isoformat()}",
            business_date=self.night.day,
            activities=tuple(activity.name for activity in self.suite.activities),
            mode=None,
            pipeline=PipelineUse.TRIGGER,
            pipeline_run_id=None,
            recover=False,
        )

    def play(self, outputs: Outputs) -> tuple[RunRecord, list[ActivityRecord]]:
        """Compare and judge every activity; return what a run records."""
        made = outputs.of(self.night, self.plan.activities)
        records = [self._activity(name, made[name]) for name in self.plan.activities]
        outcomes = {one.key.activity: {"verdict": one.verdict, "reason": one.reason} for one in records}
        ran = TaskFacts("success", {"run_id": self.plan.run_id})
        shared = dict.fromkeys((PLAN, *PIPELINE_TASKS), ran)
        verdict, reason = judge_run(RunFacts(len(records), self.plan, outcomes, shared, {}))
        run = RunRecord(
            suite=self.suite.suite,
            run_id=self.plan.run_id,
            business_date=self.night.day,
            started=self.started,
            ended=self.started + TAKES,
            verdict=verdict,
            reason=reason,
            wave=self.suite.wave,
            suite_sha=self.sha,
        )
        return run, records

    def _activity(self, name: str, made: Made) -> ActivityRecord:
        run, failure = self._run(name), self.night.failure(name)
        result = None if failure else self._compared(run, made)
        judgement = judge(result, Findings(), [failure] if failure else [])
        record = activity_record(run, judgement, result, None, (), self.sha)
        return replace(record, recorded=self.started + TAKES)

    def _run(self, activity: str) -> ActivityRun:
        declared = self.suite.activity(activity)
        rules = verdict_rules(self.suite, declared, legacy_sql(self.path, declared), self.waivers)
        return ActivityRun(
            suite=self.suite,
            activity=declared,
            plan=self.plan,
            settings=self.settings,
            artefacts=Artefacts.on_disk(Path(self.settings.artefact_root)),
            waivers=self.waivers,
            clock=At(self.started),
            provenance=Provenance(self.plan.run_id, rules),
        )

    def _compared(self, run: ActivityRun, made: Made) -> Result:
        """Compare both outputs, unless the same files were compared by the same rules on another date."""
        files, own = run.files, [waiver for waiver in run.waivers if waiver.activity == run.activity.name]
        rules = (run.activity.model_dump_json(), *((waiver, waiver.expires < run.today) for waiver in own))
        key = (made[0].files, made[1].files, *rules)
        if key in self.known:
            found, page = self.known[key]
            result = replace(found, extra={**found.extra, PROVENANCE: to_json(run.provenance)})
            files.write_result(result)
            files.write(PAGE, page.decode())
            return result
        result = compare(run, *made, facts={})
        self.known[key] = result, run.artefacts.read(f"{files.folder}/{PAGE}")
        files.clear_downloads()
        return result
