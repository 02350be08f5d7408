"""The Data Factory client against the sandbox's real wire protocol and engine; no Spark is needed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from parity.clients.adf import AdfClient, AdfConfig
from parity.clients.adf_activities import ActivityRuns
from parity.clients.adf_chain import first_broken
from parity.clients.adf_runs import MARK, AdfRuns
from parity.clients.entra import MANAGEMENT, EntraConfig, entra_credential
from parity.clients.remote import Phase, RunStatus
from parity.clock import SystemClock
from parity.errors import AccessDenied, NotFound, Terminal, Unreachable

pytestmark = pytest.mark.sandbox


def step(name: str, *needs: str, kind: str = "Wait", **properties: Any) -> dict[str, Any]:
    depends = [{"activity": need, "dependencyConditions": ["Succeeded"]} for need in needs]
    properties = properties or {"waitTimeInSeconds": 0}
    return {"name": name, "type": kind, "dependsOn": depends, "typeProperties": properties}


BROKEN = step("broken", "first", kind="Fail", message="boom", errorCode="E1")


@pytest.fixture
def config(sandbox_light: Any) -> AdfConfig:
    endpoints = sandbox_light.endpoints
    secret = SecretStr(endpoints.client_secret)
    identity = EntraConfig("client_secret", endpoints.tenant, endpoints.client_id, secret, endpoints.azure)
    names = (endpoints.subscription, endpoints.resource_group, endpoints.factory)
    return AdfConfig(*names, identity, endpoints.azure)


@pytest.fixture
def factory(config: AdfConfig) -> AdfClient:
    return AdfClient(config)


@pytest.fixture
def publish(config: AdfConfig) -> Any:
    """Publish a pipeline of these steps and return its name."""
    header = entra_credential(config.credential, MANAGEMENT).headers()

    def put(*steps: dict[str, Any], marked: bool = True) -> str:
        name = f"clients_{uuid4().hex[:8]}"
        parameters = {"business_date": {"type": "string"}} | (
            {MARK: {"type": "string", "defaultValue": ""}} if marked else {}
        )
        version = {"api-version": "2018-06-01"}
        httpx.put(f"{config.endpoint}{config.resource}", params=version, headers=header, json={"location": "x"})
        httpx.put(
            f"{config.endpoint}{config.resource}/pipelines/{name}",
            params=version,
            headers=header,
            json={"properties": {"parameters": parameters, "activities": list(steps)}},
        ).raise_for_status()
        return name

    return put


def asked(name: str) -> dict[str, Any]:
    return {"pipeline": name, "parameters": {"business_date": "2026-03-02"}}


def ended(runs: AdfRuns, run_id: str) -> RunStatus:
    for _ in range(400):
        if (status := runs.status(run_id)).phase.ended:
            return status
        runs._clock.sleep(0.05)
    raise AssertionError("the run did not end")


def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        SystemClock().sleep(0.05)
    raise AssertionError("it did not happen")


def test_one_token_is_one_run(factory: AdfClient, publish: Any) -> None:
    runs = AdfRuns(factory)
    request = asked(publish(step("first")))
    first = runs.submit(request, "t-1")
    assert runs.submit(request, "t-1") == first
    assert runs.submit(request, "t-2") != first
    assert ended(runs, first).phase is Phase.SUCCEEDED
    assert factory.run(first).parameters["business_date"] == "2026-03-02"


def test_a_failure_and_the_first_broken_link_are_told(factory: AdfClient, publish: Any) -> None:
    runs = AdfRuns(factory)
    name = publish(step("first"), BROKEN, step("after", "broken"), step("last", "after"))
    run_id = runs.submit(asked(name), "t-1")
    status = ended(runs, run_id)
    assert status.phase is Phase.FAILED
    found = factory.activities(run_id)
    assert found["first"].phase is Phase.SUCCEEDED
    broken, error = first_broken(factory.pipeline(name), found, "last")
    assert broken == "broken"
    assert error is not None
    assert "boom" in error.message


def test_activities_are_told_over_all_pages(factory: AdfClient, publish: Any) -> None:
    runs = AdfRuns(factory)
    names = [f"step_{number:03}" for number in range(120)]
    run_id = runs.submit(asked(publish(*(step(name) for name in names))), "t-1")
    ended(runs, run_id)
    assert sorted(factory.activities(run_id)) == names


def test_a_recovery_reruns_what_failed(factory: AdfClient, publish: Any) -> None:
    runs = AdfRuns(factory)
    request = asked(publish(step("first"), BROKEN))
    old = runs.submit(request, "t-1")
    ended(runs, old)
    new = runs.submit({**request, "recovery_of": old}, "t-2")
    assert new != old
    ended(runs, new)
    assert factory.run(new).group_id == factory.run(old).group_id
    assert set(factory.activities(new, earlier=[old])) == {"first", "broken"}
    assert runs.find(request, "t-1") == old


def test_a_round_of_a_loop_is_no_success_before_the_loop_has_ended(
    factory: AdfClient, publish: Any, sandbox_light: Any
) -> None:
    runs, activities = AdfRuns(factory), ActivityRuns(factory, monotonic=itertools.count(step=2).__next__)
    sandbox_light.fault(kind="stays_running", target="stuck")
    inside = [step("load"), step("stuck", "load")]
    loop = step("loop", kind="ForEach", items="@createArray(1, 2)", isSequential=True, activities=inside)
    run_id = runs.submit(asked(publish(loop)), "t-1")
    until(lambda: "stuck" in factory.activities(run_id))
    assert factory.activities(run_id)["load"].phase is Phase.SUCCEEDED
    assert activities.status(f"{run_id}/load").phase is Phase.RUNNING
    sandbox_light.heal()
    ended(runs, run_id)
    assert activities.status(f"{run_id}/load").phase is Phase.SUCCEEDED


def test_an_earlier_success_is_void_while_a_recovery_repeats_what_lies_upstream(
    factory: AdfClient, publish: Any, sandbox_light: Any
) -> None:
    runs, activities = AdfRuns(factory), ActivityRuns(factory, monotonic=itertools.count(step=2).__next__)
    after = step("after")
    after["dependsOn"] = [{"activity": "broken", "dependencyConditions": ["Completed"]}]
    request = asked(publish(step("first"), BROKEN, after))
    old = runs.submit(request, "t-1")
    ended(runs, old)
    sandbox_light.fault(kind="stays_running", target="broken")
    new = runs.submit({**request, "recovery_of": old}, "t-2")
    until(lambda: "pipeline_run" in factory.activities(new).get("broken", RunStatus("", "", Phase.WAITING)).output)
    found = {name: activities.status(f"{new}/{name}") for name in ("first", "after")}
    assert found["first"].phase is Phase.SUCCEEDED
    assert found["first"].output["pipeline_run"] == old
    assert found["after"].phase is Phase.RUNNING
    sandbox_light.heal()
    ended(runs, new)
    assert activities.status(f"{new}/after").output["pipeline_run"] == new


def test_a_running_pipeline_is_cancelled(factory: AdfClient, publish: Any, sandbox_light: Any) -> None:
    runs = AdfRuns(factory)
    sandbox_light.fault(kind="stays_running", target="stuck")
    run_id = runs.submit(asked(publish(step("stuck"))), "t-1")
    runs.cancel(run_id)
    assert ended(runs, run_id).phase is Phase.CANCELLED
    runs.cancel(run_id)


def test_create_run_is_sent_once(config: AdfConfig, publish: Any, sandbox_light: Any) -> None:
    runs = AdfRuns(AdfClient(config, clock=FakeClock()))
    name = publish(step("first"))
    since = sandbox_light.last_request()
    sandbox_light.fault(service="azure", method="POST", path="createRun", status=503, times=1)
    with pytest.raises(Unreachable, match="may or may not have started"):
        runs.submit(asked(name), "t-1")
    sent = [r for r in sandbox_light.requests("azure", since) if "createrun" in r["path"].lower()]
    assert len(sent) == 1


def test_a_killed_senders_run_is_found_even_in_a_pipeline_without_a_token(
    factory: AdfClient, publish: Any
) -> None:
    runs = AdfRuns(factory)
    request = asked(publish(step("first"), marked=False))
    before = runs._clock.now().isoformat()
    assert runs.find(request | {"asked": before}, "t-1") is None
    started = runs.submit(request, "t-1")
    assert runs.find(request, "t-1") is None, "a first attempt must not take up what others started"
    assert runs.find(request | {"asked": before}, "t-1") == started
    assert runs.submit(request | {"asked": before}, "t-1") == started
    other = {**request, "parameters": {"business_date": "2026-03-03"}}
    assert runs.find(other | {"asked": before}, "t-1") is None
    runs.submit(request, "t-2")
    with pytest.raises(Terminal, match="it is unknown which run is ours"):
        runs.find(request | {"asked": before}, "t-1")


def test_a_dropped_poll_is_no_trouble(config: AdfConfig, publish: Any, sandbox_light: Any) -> None:
    clock = FakeClock()
    runs = AdfRuns(AdfClient(config))
    run_id = runs.submit(asked(publish(step("first"))), "t-1")
    sandbox_light.fault(service="azure", method="GET", path="(?i)pipelineruns/", drop=True, times=2)
    assert AdfClient(config, clock=clock).run(run_id).run_id == run_id
    assert clock.slept == [1.0, 2.0]


def test_an_expired_token_is_refreshed(factory: AdfClient, publish: Any, sandbox_light: Any) -> None:
    name = publish(step("first"))
    factory.pipeline(name)
    sandbox_light.fault(service="azure", method="GET", path="(?i)/pipelines/", expire_token=True, times=1)
    since = sandbox_light.last_request()
    assert factory.pipeline(name).name == name
    asked_for = [r["path"] for r in sandbox_light.requests("azure", since)]
    assert sum("/token" in path for path in asked_for) == 1


def test_an_unknown_pipeline_is_answered_with_what_was_probably_meant(factory: AdfClient, publish: Any) -> None:
    name = publish(step("first"))
    with pytest.raises(NotFound, match=f"Did you mean '{name}'"):
        factory.pipeline(name + "x")


def test_a_wrong_secret_is_access_denied(config: AdfConfig) -> None:
    from dataclasses import replace

    wrong = replace(config.credential, client_secret=SecretStr("wrong"))
    with pytest.raises(AccessDenied, match="AADSTS"):
        AdfClient(replace(config, credential=wrong)).run("r")
