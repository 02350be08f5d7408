"""Data Factory's REST calls, version 2018-06-01: a table of routes, and one short function for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parity_sandbox.azure.adf import arm
from parity_sandbox.azure.adf.arm import Answer, ArmError, Call, Guard
from parity_sandbox.azure.adf.engine import Engine
from parity_sandbox.azure.adf.factory import KINDS, Factories, Factory
from parity_sandbox.azure.adf.queries import ACTIVITY_RUNS, PIPELINE_RUNS, Query
from parity_sandbox.azure.adf.recovery import plan
from parity_sandbox.azure.adf.validation import findings

PAGE = 50
SUBSCRIPTION = r"/subscriptions/(?P<subscription>[^/]+)"
GROUP = SUBSCRIPTION + r"/resourceGroups/(?P<group>[^/]+)"
PROVIDER = r"/providers/Microsoft\.DataFactory/factories"
FACTORY = GROUP + PROVIDER + r"/(?P<factory>[^/]+)"
KIND = rf"(?P<kind>{'|'.join(KINDS)})"
RUN = FACTORY + r"/pipelineruns/(?P<run>[^/]+)"


@dataclass
class DataFactory:
    """The factories of one subscription and resource group."""

    factories: Factories
    engine: Engine
    guard: Guard

    def answer(self, call: Call) -> Answer:
        """Answer one call; every refusal is an answer too."""
        return arm.answer(self, ROUTES, call)

    def scope(self, names: Mapping[str, str]) -> None:
        """Refuse a subscription or a resource group that is not there."""
        subscription, group = names["subscription"], names.get("group")
        if subscription.lower() != self.factories.subscription.lower():
            text = f"The subscription '{subscription}' could not be found."
            raise ArmError(404, "SubscriptionNotFound", text)
        if group is not None and group.lower() != self.factories.group.lower():
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")

    def factory(self, call: Call) -> Factory:
        """Return the factory that the path names."""
        return self.factories.get(call.names["factory"])


def list_factories(service: DataFactory, _call: Call) -> Answer:
    """List the factories."""
    return Answer({"value": [one.document() for one in service.factories.known.values()]})


def get_factory(service: DataFactory, call: Call) -> Answer:
    """Describe a factory."""
    return Answer(service.factory(call).document())


def put_factory(service: DataFactory, call: Call) -> Answer:
    """Make a factory."""
    call.document()
    return Answer(service.factories.create(call.names["factory"]).document())


def list_resources(service: DataFactory, call: Call) -> Answer:
    """List one kind of resource, a page at a time."""
    factory, kind = service.factory(call), call.names["kind"].lower()
    token = call.query.get("$skiptoken", "0")
    if not token.isdigit():
        raise ArmError(400, "BadRequest", "The skip token is not valid.")
    start, found = int(token), factory.of_kind(kind)
    page = [one.document(factory.id) for one in found[start : start + PAGE]]
    if start + PAGE >= len(found):
        return Answer({"value": page})
    version = call.query["api-version"]
    following = f"{call.base}{call.path}?api-version={version}&%24skiptoken={start + PAGE}"
    return Answer({"value": page, "nextLink": following})


def get_resource(service: DataFactory, call: Call) -> Answer:
    """Return a resource, or 304 when the caller has it."""
    factory = service.factory(call)
    resource = factory.get(call.names["kind"].lower(), call.names["name"])
    if call.headers.get("if-none-match", "").strip('"') == resource.etag:
        return Answer(status=304)
    return Answer(resource.document(factory.id), headers={"etag": resource.etag})


def put_resource(service: DataFactory, call: Call) -> Answer:
    """Create or replace a resource; with If-Match only the version that the caller knows."""
    factory, kind, name = service.factory(call), call.names["kind"].lower(), call.names["name"]
    properties = call.document().get("properties")
    if not isinstance(properties, dict):
        raise ArmError(400, "BadRequest", "The property 'properties' is required and must be an object.")
    _match(factory, kind, name, call.headers.get("if-match", ""))
    if kind == "pipelines":
        _refuse_wrong(factory, name, properties)
    return Answer(factory.put(kind, name, properties).document(factory.id))


def _match(factory: Factory, kind: str, name: str, wanted: str) -> None:
    current = factory.find(kind, name)
    if wanted and wanted != "*" and (current is None or current.etag != wanted.strip('"')):
        text = "The resource was changed by somebody else; its ETag is another one."
        raise ArmError(412, "PreconditionFailed", text, target=name)


def _refuse_wrong(factory: Factory, name: str, properties: Mapping[str, Any]) -> None:
    wrong = list(findings(properties, lambda kind, one: factory.find(kind, one) is not None))
    if wrong:
        raise ArmError(400, "BadRequest", " ".join(wrong), target=f"pipeline/{name}/")


def delete_resource(service: DataFactory, call: Call) -> Answer:
    """Remove a resource."""
    there = service.factory(call).delete(call.names["kind"].lower(), call.names["name"])
    return Answer(status=200 if there else 204)


def create_run(service: DataFactory, call: Call) -> Answer:
    """Start a pipeline run."""
    factory = service.factory(call)
    name = call.names["name"]
    pipeline = factory.find("pipelines", name)
    if pipeline is None:
        text = f"The document could not be retrieved because it does not exist. Target: pipeline/{name}/"
        raise ArmError(404, "EntityNotFound", text, target=f"pipeline/{name}/")
    call.document()
    run, reused = plan(factory, pipeline, call)
    service.engine.start(factory, run, reused)
    return Answer({"runId": run.id})


def get_run(service: DataFactory, call: Call) -> Answer:
    """Describe a pipeline run."""
    return Answer(service.factory(call).run(call.names["run"]).document())


def query_runs(service: DataFactory, call: Call) -> Answer:
    """Find pipeline runs."""
    query = Query.parse(call.document(), PIPELINE_RUNS)
    return Answer(query.page([run.document() for run in service.factory(call).all_runs()]))


def query_activities(service: DataFactory, call: Call) -> Answer:
    """Find the activity runs of a pipeline run."""
    run = service.factory(call).run(call.names["run"])
    query = Query.parse(call.document(), ACTIVITY_RUNS)
    return Answer(query.page([one.document() for one in run.listed()]))


def cancel_run(service: DataFactory, call: Call) -> Answer:
    """Stop a pipeline run."""
    run = service.factory(call).run(call.names["run"])
    service.engine.cancel(run, recursive=call.flag("isRecursive"))
    return Answer()


ROUTES = arm.table(
    ("GET", SUBSCRIPTION + PROVIDER, list_factories),
    ("GET", GROUP + PROVIDER, list_factories),
    ("GET", FACTORY, get_factory),
    ("PUT", FACTORY, put_factory),
    ("POST", FACTORY + "/queryPipelineRuns", query_runs),
    ("GET", RUN, get_run),
    ("POST", RUN + "/queryActivityruns", query_activities),
    ("POST", RUN + "/cancel", cancel_run),
    ("POST", FACTORY + "/pipelines/(?P<name>[^/]+)/createRun", create_run),
    ("GET", f"{FACTORY}/{KIND}", list_resources),
    ("GET", f"{FACTORY}/{KIND}/(?P<name>[^/]+)", get_resource),
    ("PUT", f"{FACTORY}/{KIND}/(?P<name>[^/]+)", put_resource),
    ("DELETE", f"{FACTORY}/{KIND}/(?P<name>[^/]+)", delete_resource),
)
"""ARM ignores the case of paths, and so do these."""
