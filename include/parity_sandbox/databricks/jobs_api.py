"""The Jobs API, 2.1 and 2.2: each method answers one route with a JSON object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parity_sandbox.databricks import errors, parameters, states, views
from parity_sandbox.databricks.asked import needed, page, true
from parity_sandbox.databricks.engine import Engine
from parity_sandbox.databricks.jobs import Jobs, checked, milliseconds, new_id, number
from parity_sandbox.databricks.runs import Run, Runs, new_run

Asked = dict[str, Any]
Answer = dict[str, Any]
TASKS_PER_PAGE = 100


@dataclass
class JobsApi:
    """Jobs and runs of one workspace; ``host`` is where it listens."""

    jobs: Jobs
    runs: Runs
    engine: Engine
    host: str

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Asked], Awaitable[Answer]]]:
        """Return what answers a method and a path below ``/api/2.x/jobs/``."""
        return {
            ("POST", "create"): self.create,
            ("POST", "reset"): self.reset,
            ("POST", "update"): self.update,
            ("POST", "delete"): self.delete,
            ("GET", "get"): self.get,
            ("GET", "list"): self.list,
            ("POST", "run-now"): self.run_now,
            ("POST", "runs/submit"): self.submit,
            ("GET", "runs/get"): self.get_run,
            ("GET", "runs/get-output"): self.get_output,
            ("GET", "runs/list"): self.list_runs,
            ("POST", "runs/cancel"): self.cancel,
            ("POST", "runs/cancel-all"): self.cancel_all,
            ("POST", "runs/repair"): self.repair,
            ("POST", "runs/delete"): self.delete_run,
        }

    async def create(self, asked: Asked) -> Answer:
        """Make a job."""
        return {"job_id": self.jobs.create(asked).job_id}

    async def reset(self, asked: Asked) -> Answer:
        """Replace a job's settings."""
        self.jobs.reset(needed(asked, "job_id"), needed(asked, "new_settings"))
        return {}

    async def update(self, asked: Asked) -> Answer:
        """Change some of a job's settings."""
        removed = asked.get("fields_to_remove") or []
        self.jobs.update(needed(asked, "job_id"), asked.get("new_settings") or {}, removed)
        return {}

    async def delete(self, asked: Asked) -> Answer:
        """Remove a job."""
        self.jobs.delete(needed(asked, "job_id"))
        return {}

    async def get(self, asked: Asked) -> Answer:
        """Return one job."""
        return self.jobs.get(needed(asked, "job_id")).view()

    async def list(self, asked: Asked) -> Answer:
        """Return a page of jobs, newest first, without their tasks unless wanted."""
        jobs, token = page(self.jobs.named(asked.get("name") or ""), asked, usual=20, most=100)
        shown = [job.view() for job in jobs]
        if not true(asked.get("expand_tasks")):
            shown = [{**job, "settings": _without_tasks(job["settings"])} for job in shown]
        return _listed("jobs", shown, token)

    async def run_now(self, asked: Asked) -> Answer:
        """Start a run of a job, or return the one that the token started first."""
        run = self.runs.repeated(asked) or self._started(asked)
        return {"run_id": run.run_id, "number_in_job": run.run_id}

    def _started(self, asked: Asked) -> Run:
        job = self.jobs.get(needed(asked, "job_id"))
        run = new_run(job.settings, asked, job.job_id)
        self.engine.start(run)
        return run

    async def submit(self, asked: Asked) -> Answer:
        """Start a run that belongs to no job."""
        run = self.runs.repeated(asked) or self._submitted(asked)
        return {"run_id": run.run_id}

    def _submitted(self, asked: Asked) -> Run:
        lone = {name: value for name, value in asked.items() if name.endswith("_task")}
        tasks = asked.get("tasks") or [{"task_key": "main", **lone}]
        run = new_run(checked({**asked, "tasks": tasks}), asked)
        self.engine.start(run)
        return run

    async def get_run(self, asked: Asked) -> Answer:
        """Return a run, or the run of one task; its tasks by the hundred."""
        run, task = self.runs.find(needed(asked, "run_id"))
        view = views.found_view(run, task, self.host)
        unlimited = {"page_token": asked.get("page_token")}
        view["tasks"], token = page(view["tasks"], unlimited, usual=TASKS_PER_PAGE, most=TASKS_PER_PAGE)
        if true(asked.get("include_history")):
            view["repair_history"] = views.history_view(run)
        return {**view, **({"next_page_token": token} if token else {})}

    async def get_output(self, asked: Asked) -> Answer:
        """Return what a task printed, raised or was left with."""
        return views.output_view(*self.runs.find(needed(asked, "run_id")), self.host)

    async def list_runs(self, asked: Asked) -> Answer:
        """Return a page of runs, newest first."""
        job_id = number(asked["job_id"], "job_id") if asked.get("job_id") else None
        found = [run for run in self.runs.of_job(job_id) if _wanted(run, asked)]
        shown, token = page(found, asked, usual=20, most=24)
        tasks = true(asked.get("expand_tasks"))
        return _listed("runs", [views.run_view(run, self.host, tasks=tasks) for run in shown], token)

    async def cancel(self, asked: Asked) -> Answer:
        """Ask a run to stop."""
        run, _ = self.runs.find(needed(asked, "run_id"))
        self.engine.cancel(run)
        return {}

    async def cancel_all(self, asked: Asked) -> Answer:
        """Ask every run of a job to stop."""
        for run in self.runs.of_job(self.jobs.get(needed(asked, "job_id")).job_id):
            self.engine.cancel(run)
        return {}

    async def delete_run(self, asked: Asked) -> Answer:
        """Forget an ended run."""
        self.runs.delete(needed(asked, "run_id"))
        return {}

    async def repair(self, asked: Asked) -> Answer:
        """Run some tasks of an ended run again, within the same run."""
        run, _ = self.runs.find(needed(asked, "run_id"))
        if run.active:
            raise errors.Refused(400, "INVALID_STATE", "The run is still active and cannot be repaired.")
        self._check_latest(run, asked.get("latest_repair_id"))
        keys = _rerun(run, asked)
        run.overrides = parameters.overrides(asked, run.settings)
        given = {entry["name"]: entry["value"] for entry in run.job_parameters}
        changed = {**given, **(asked.get("job_parameters") or {})}
        run.job_parameters = parameters.resolved(run.settings, changed)
        return {"repair_id": self._repaired(run, keys)}

    @staticmethod
    def _check_latest(run: Run, latest: Any) -> None:
        known = run.repairs[-1]["id"] if run.repairs else None
        if known is not None and (latest is None or int(latest) != known):
            raise errors.invalid(f"latest_repair_id must be {known}, the id of the latest repair.")

    def _repaired(self, run: Run, keys: set[str]) -> int:
        for task in run.tasks:
            if task.key in keys:
                task.run_id = new_id()
                task.begin(states.PENDING)
        repair_id = new_id()
        repair = {
            "id": repair_id,
            "type": "REPAIR",
            "start_time": milliseconds(),
            "task_run_ids": [task.run_id for task in run.tasks if task.key in keys],
        }
        run.repairs.append(repair)
        run.state, run.ended = states.PENDING, 0
        self.engine.resume(run, keys)
        return repair_id


def _rerun(run: Run, asked: Asked) -> set[str]:
    keys = set(asked.get("rerun_tasks") or [])
    unknown = keys - {task.key for task in run.tasks}
    if unknown:
        raise errors.invalid(f"Task {min(unknown)} is not part of the run.")
    if true(asked.get("rerun_all_failed_tasks")):
        keys |= {task.key for task in run.tasks if not task.state.succeeded}
    if not keys:
        raise errors.invalid("No tasks to repair: name rerun_tasks or set rerun_all_failed_tasks.")
    return keys


def _wanted(run: Run, asked: Asked) -> bool:
    started_from, started_to = int(asked.get("start_time_from") or 0), int(asked.get("start_time_to") or 0)
    kind = "SUBMIT_RUN" if run.submitted else "JOB_RUN"
    return (
        not (true(asked.get("active_only")) and not run.active)
        and not (true(asked.get("completed_only")) and run.active)
        and asked.get("run_type") in (None, "", kind)
        and started_from <= run.started
        and (not started_to or run.started <= started_to)
    )


def _without_tasks(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in ("tasks", "parameters")}


def _listed(name: str, items: list[Any], token: str) -> Answer:
    shown = {name: items} if items else {}
    return {**shown, "has_more": bool(token), **({"next_page_token": token} if token else {})}
