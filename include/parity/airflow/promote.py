"""The Dag that has a wave signed off: it builds the evidence, waits for two people, and records what they decided.

Nothing waits for it: runs of suites and databases are Dags of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import (  # type: ignore[attr-defined]
    DAG,
    AsyncCallback,
    Context,
    DeadlineAlert,
    DeadlineReference,
    Param,
)
from airflow.sdk.exceptions import AirflowFailException

from parity.airflow.dag_options import LAST
from parity.airflow.notifications import aconnections, log_deliveries, senders_of, senders_with
from parity.airflow.step.evidence import open_recorder
from parity.airflow.step.links import link_page
from parity.airflow.step.operator import StepOperator
from parity.airflow.step.output import required_output
from parity.airflow.step.results import open_results, run_url
from parity.clock import SystemClock
from parity.errors import BadInput, ExportRefused
from parity.evidence.members import Members, members_of
from parity.evidence.signoff import (
    APPROVE,
    REJECT,
    Answer,
    chain_of,
    changes_since,
    evidence_hash,
    evidence_of,
    objections,
)
from parity.flow.stages import Stage
from parity.settings import settings
from parity.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parity.alerts.notify import Sender

PROMOTE_DAG = "parity_promote"
SIGNATURES = ("first_signature", "second_signature")
AWAITED = "waits to be signed off"
ASKED_AGAIN = 2
"""How often a question is put again whose task Airflow loses, as when the answer comes while it pauses."""
REMINDERS = (1, 3, 7)
"""Days after which who has not answered is reminded."""
ABOUT = (
    "Has a wave signed off before its cut-over. **evidence** fails unless the wave is ready; two people answer"
    " (*Required actions*); **decision** records what they decided, bound to the hash of the evidence."
)


def build_promote() -> DAG:
    """Return the Dag."""
    with DAG(
        PROMOTE_DAG,
        description="Builds a wave's evidence and waits for two people to sign it off.",
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        tags=["parity"],
        doc_md=ABOUT,
        params={"wave": Param(1, type="integer", minimum=1, title="Wave")},
        deadline=[_reminder(days) for days in REMINDERS],
    ) as dag:
        evidence = StepOperator(task_id="evidence", step=build_evidence, stage=Stage.RECORD)
        # A task of its own: who answered while a signature's task still wrote to the channels made that task fail.
        announced = StepOperator(task_id="announcement", step=announce, stage=Stage.RECORD)
        signatures = [_signature(name) for name in SIGNATURES]
        decision = StepOperator(task_id="decision", step=decide, stage=Stage.RECORD, trigger_rule=LAST)
        evidence >> [announced, *signatures] >> decision
    return dag


def _signature(task_id: str) -> SignatureOperator:
    return SignatureOperator(
        task_id=task_id,
        subject="Cut over?",
        options=[APPROVE, REJECT],
        params={"comment": Param("", type="string", title="Comment")},
        retries=ASKED_AGAIN,
        retry_delay=timedelta(seconds=5),
    )


def build_evidence(context: Context) -> dict[str, Any]:
    """Build and verify the evidence of the wave, and return what people sign; fails unless the wave is ready."""
    from parity.evidence.archive import Scope, build
    from parity.evidence.verify import fingerprint, verify
    from parity.flow.readiness import readiness_of_waves

    now, wave, recorder = settings(), int(context["params"]["wave"]), open_recorder()
    (ready,) = readiness_of_waves(open_results(), now, datetime.now(UTC), wave)
    if not ready.ready:
        why = "; ".join(f"{one.subject}: {one.name}: {one.detail}" for one in ready.blocking)
        raise BadInput(f"Wave {wave} is not ready: {why}.", remedy="parity readiness says what blocks it.")
    members = members_of(now, wave)
    evidence = evidence_of(recorder.chains, members.subjects)
    digest = evidence_hash(evidence)
    path = now.scratch_root / f"wave-{wave}-{digest[:12]}.zip"
    scope = Scope(f"wave {wave}", tuple(evidence), chain_of(wave))
    archive = build(path, scope, open_results(), recorder, now.keep_artefact_days)
    public = recorder.signer.public
    if findings := verify(path, {fingerprint(public): public}).findings:
        raise ExportRefused("The evidence is not as it was recorded: " + ": ".join(findings[0]) + ".")
    # By its own hash, so that no later archive of the same entries takes the place of what people sign.
    name = recorder.artefacts.write(f"evidence/archives/wave-{wave}-{archive[:12]}.zip", path.read_bytes())
    path.unlink()
    link_page(context, f"artefacts/{name}")
    return {
        "wave": wave,
        "evidence": evidence,
        "hash": digest,
        "archive": archive,
        "risk": ready.risk,
        "people": list(ready.wave.signers),
    }


class SignatureOperator(HITLOperator):
    """Waits for one person's answer about what the evidence task built; only the wave's signers may give one."""

    def execute(self, context: Context) -> Any:
        """Ask; Airflow takes the answer and goes on with ``execute_complete``."""
        built = required_output(context, "evidence")
        self.subject = f"Cut wave {built['wave']} over?"
        self.body = (
            f"You sign evidence `{built['hash']}`, archive sha256 `{built['archive']}`.\n\n{built['risk']}\n\n"
            "Two people sign, neither of whom owns a waiver of the wave."
        )
        self.assigned_users = [{"id": person, "name": person} for person in built["people"]]
        return super().execute(context)


def decide(context: Context) -> dict[str, Any]:
    """Record what the two answers come to, bound to the evidence; red unless the wave is signed off."""
    built, recorder = required_output(context, "evidence"), open_recorder()
    answers = [_answer(required_output(context, name)) for name in SIGNATURES]
    members, evidence = members_of(settings(), built["wave"]), built["evidence"]
    reasons = [
        *objections(answers, members.subjects, evidence, recorder.chains, recorder.artefacts),
        *changes_since(evidence, recorder.chains, members.rules),
    ]
    decision = "refused" if reasons else "approved"
    entry = recorder.append(
        chain_of(built["wave"]),
        {
            "kind": "sign-off",
            "wave": built["wave"],
            "evidence": evidence,
            "archive": built["archive"],
            "decision": decision,
            "reason": "; ".join(reasons),
            "people": [vars(answer) for answer in answers],
        },
    )
    found = [sender for subject in members.subjects for sender in senders_of(subject)]
    _report(members, context["dag_run"].run_id, run_url(context), found, "")
    if reasons:
        raise AirflowFailException(f"Refused: {'; '.join(reasons)}.")
    return {"decision": decision, "evidence": built["hash"], "entry": entry.sha}


def _answer(found: Mapping[str, Any]) -> Answer:
    user = found["responded_by_user"] or {}
    return Answer(
        id=str(user.get("id", "")),
        name=str(user.get("name", "")),
        decision=found["chosen_options"][0],
        comment=str((found["params_input"] or {}).get("comment", "")),
        at=str(found["responded_at"]),
    )


def announce(context: Context) -> None:
    """Write to the channels of everything in the wave that signatures are awaited; one that fails is logged."""
    members, run = members_of(settings(), int(context["params"]["wave"])), context["dag_run"]
    found = [sender for subject in members.subjects for sender in senders_of(subject)]
    _report(members, run.run_id, run_url(context), found, f"{AWAITED} (run {run.run_id})")


def _reminder(days: int) -> DeadlineAlert:
    # A number of seconds, not a timedelta: see parity.airflow.notifications.
    seconds: Any = timedelta(days=days).total_seconds()
    callback = AsyncCallback(remind, kwargs={"days": days})
    return DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=seconds, callback=callback)


async def remind(days: int, context: dict[str, Any]) -> None:
    """Report again that signatures are awaited; runs in the triggerer, for a run that has not ended."""
    run = context["dag_run"]
    if run.get("end_date"):
        return
    members = members_of(settings(), int((run.get("conf") or {}).get("wave", 1)))
    found = [one for subject in members.subjects for one in senders_with(subject, await aconnections(subject))]
    detail = f"{AWAITED} for {plural(days, 'day')} (run {run['dag_run_id']})"
    await asyncio.to_thread(_report, members, run["dag_run_id"], "", found, detail)


def _report(members: Members, run_id: str, url: str, senders: Iterable[Sender], detail: str) -> None:
    """Report to each channel once; an empty ``detail`` says that people have answered."""
    from parity.alerts.notify import notify_awaited
    from parity.alerts.outcome import RunOutcome

    owner = ", ".join(dict.fromkeys(subject.owner for subject in members.subjects))
    today = datetime.now(UTC).date()
    outcome = RunOutcome(chain_of(members.wave), today, run_id, (), url, owner, whole=False)
    each = {sender.name: sender for sender in senders}
    log_deliveries(notify_awaited(open_results(), outcome, list(each.values()), SystemClock(), detail))
