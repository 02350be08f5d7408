"""Athena's operations over the engine, in place of moto's, which execute nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.athena import models, responses
from moto.core.exceptions import JsonRESTError

from parity_sandbox.aws import rights
from parity_sandbox.aws.athena.engine import Engine, IdempotencyError
from parity_sandbox.aws.athena.failures import QueryFailed
from parity_sandbox.aws.athena.query import Query, Request
from parity_sandbox.aws.athena.tables import Catalog, Table
from parity_sandbox.aws.identities import Identity, signed_by
from parity_sandbox.aws.patches import Patch
from parity_sandbox.aws.s3.paths import split_uri

MAX_ROWS = 1000
MAX_QUERY = 262144
NO_OUTPUT = (
    "No output location provided. An output location is required either through the Workgroup result "
    "configuration setting or as an API input."
)


def refused(message: str, code: str = "InvalidRequestException") -> JsonRESTError:
    """Return Athena's refusal."""
    return JsonRESTError(code, message)


class Operations:
    """The operations, each taking moto's response object for its parameters and region."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start_query_execution(self, call: Any) -> str:
        """StartQueryExecution: refuses at once what Athena refuses at once."""
        try:
            query = self._engine.start(self._request(call), _get(call, "ClientRequestToken"))
        except IdempotencyError as error:
            raise refused(str(error)) from error
        return json.dumps({"QueryExecutionId": query.id})

    def _request(self, call: Any) -> Request:
        sql = _get(call, "QueryString") or ""
        if not sql.strip() or len(sql) > MAX_QUERY:
            raise refused(
                "Queries of this type are not supported" if sql.strip() else "Query string cannot be empty"
            )
        name = _get(call, "WorkGroup") or "primary"
        group = call.athena_backend.work_groups.get(name)
        if group is None:
            raise refused(f"WorkGroup {name} is not found.")
        if group.state == "DISABLED":
            raise refused(f"WorkGroup {name} is disabled.")
        context = _get(call, "QueryExecutionContext") or {}
        return Request(
            sql=sql,
            database=(context.get("Database") or "default").lower(),
            catalog=context.get("Catalog") or "AwsDataCatalog",
            work_group=name,
            output=self._output(call, group.configuration),
            region=call.region,
            parameters=tuple(_get(call, "ExecutionParameters") or ()),
            cutoff=group.configuration.get("BytesScannedCutoffPerQuery"),
            caller=_caller(call),
        )

    def _output(self, call: Any, configuration: Mapping[str, Any]) -> str:
        own = (_get(call, "ResultConfiguration") or {}).get("OutputLocation")
        shared = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        enforced = configuration.get("EnforceWorkGroupConfiguration") and shared
        output = shared if enforced or not own else own
        if not output:
            raise refused(NO_OUTPUT)
        try:
            bucket, _ = split_uri(output)
        except ValueError as error:
            raise refused(f"outputLocation is not a valid S3 path: {output}") from error
        denied = rights.refused(_caller(call), rights.located(output))
        if denied or not self._engine.disk.bucket(bucket).is_dir():
            raise refused(f"Unable to verify/create output bucket {bucket}{'. ' * bool(denied)}{denied}")
        return str(output).rstrip("/")

    def _query(self, call: Any) -> Query:
        query_id = _get(call, "QueryExecutionId")
        if query_id not in self._engine.queries:
            raise refused(f"QueryExecution {query_id} was not found")
        return self._engine.queries[query_id]

    def get_query_execution(self, call: Any) -> str:
        """GetQueryExecution."""
        return json.dumps({"QueryExecution": self._query(call).as_dict()})

    def batch_get_query_execution(self, call: Any) -> str:
        """BatchGetQueryExecution."""
        ids, known = _get(call, "QueryExecutionIds"), self._engine.queries
        missing = [
            {
                "QueryExecutionId": one,
                "ErrorCode": "INVALID_INPUT",
                "ErrorMessage": f"QueryExecution {one} was not found",
            }
            for one in ids
            if one not in known
        ]
        found = [known[one].as_dict() for one in ids if one in known]
        return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing})

    def list_query_executions(self, call: Any) -> str:
        """ListQueryExecutions, newest first."""
        group = _get(call, "WorkGroup") or "primary"
        found = sorted(self._engine.queries.values(), key=lambda query: -query.submitted)
        ids = [query.id for query in found if query.request.work_group == group]
        page, token = _page(ids, _get(call, "MaxResults") or 50, _get(call, "NextToken"))
        return json.dumps({"QueryExecutionIds": page, **token})

    def stop_query_execution(self, call: Any) -> str:
        """StopQueryExecution."""
        self._query(call).stop()
        return "{}"

    def get_query_results(self, call: Any) -> str:
        """GetQueryResults: names are the first row of a query's first page."""
        query = self._query(call)
        if query.state in ("QUEUED", "RUNNING"):
            raise refused(f"Query has not yet finished. Current state: {query.state}")
        if denied := rights.refused(_caller(call), rights.results(query.request.output)):
            raise refused(denied, "AccessDeniedException")
        if query.state != "SUCCEEDED":
            raise refused(f"Query did not finish successfully. Final query state: {query.state}")
        size = int(_get(call, "MaxResults") or MAX_ROWS)
        if not 1 <= size <= MAX_ROWS:
            raise refused(f"MaxResults is more than maximum allowed length {MAX_ROWS}.")
        result = query.result
        rows = [[column.name for column in result.columns], *result.rows] if result.header else list(result.rows)
        page, token = _page(rows, size, _get(call, "NextToken"))
        shown = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in page]
        metadata = {"ColumnInfo": [column.as_dict() for column in result.columns]}
        answer: dict[str, Any] = {"ResultSet": {"Rows": shown, "ResultSetMetadata": metadata}, **token}
        return json.dumps({"UpdateCount": result.update_count or 0, **answer})

    def get_table_metadata(self, call: Any) -> str:
        """GetTableMetadata."""
        try:
            table = Catalog(call.region).table(_get(call, "DatabaseName").lower(), _get(call, "TableName").lower())
        except QueryFailed as error:
            raise refused(f"EntityNotFoundException: {error}", "MetadataException") from error
        return json.dumps({"TableMetadata": _metadata(table)})

    def list_table_metadata(self, call: Any) -> str:
        """ListTableMetadata."""
        catalog, database = Catalog(call.region), _get(call, "DatabaseName").lower()
        try:
            names = catalog.tables(database)
        except QueryFailed as error:
            raise refused(f"EntityNotFoundException: {error}", "MetadataException") from error
        page, token = _page(names, _get(call, "MaxResults") or 50, _get(call, "NextToken"))
        return json.dumps(
            {"TableMetadataList": [_metadata(catalog.table(database, one)) for one in page], **token}
        )

    def list_databases(self, call: Any) -> str:
        """ListDatabases: Glue's."""
        names = Catalog(call.region).databases()
        page, token = _page(names, _get(call, "MaxResults") or 50, _get(call, "NextToken"))
        return json.dumps({"DatabaseList": [{"Name": name} for name in page], **token})

    def get_database(self, call: Any) -> str:
        """GetDatabase, of Glue's."""
        name = _get(call, "DatabaseName").lower()
        if name not in Catalog(call.region).databases():
            raise refused(f"EntityNotFoundException: Database {name} not found.", "MetadataException")
        return json.dumps({"Database": {"Name": name}})

    def list_data_catalogs(self, call: Any) -> str:
        """ListDataCatalogs: the one that every account has."""
        return json.dumps({"DataCatalogsSummary": [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]})


def get_work_group(call: Any) -> str:
    """GetWorkGroup, which refuses an unknown one."""
    name = _get(call, "WorkGroup")
    found = call.athena_backend.get_work_group(name)
    if found is None:
        raise refused(f"WorkGroup {name} is not found.")
    return json.dumps({"WorkGroup": found})


def update_work_group(call: Any) -> str:
    """UpdateWorkGroup: output location, limit, enforcement and state."""
    group = call.athena_backend.work_groups.get(_get(call, "WorkGroup"))
    if group is None:
        raise refused(f"WorkGroup {_get(call, 'WorkGroup')} is not found.")
    changes = dict(_get(call, "ConfigurationUpdates") or {})
    if changes.pop("RemoveBytesScannedCutoffPerQuery", False):
        group.configuration.pop("BytesScannedCutoffPerQuery", None)
    updates = changes.pop("ResultConfigurationUpdates", {})
    own = {**(group.configuration.get("ResultConfiguration") or {}), **updates}
    group.configuration.update(changes, ResultConfiguration=own)
    group.state = _get(call, "State") or group.state
    return "{}"


def _metadata(table: Table) -> dict[str, Any]:
    def columns(found: Any) -> list[dict[str, str]]:
        return [{"Name": one.name, "Type": one.hive} for one in found]

    return {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Columns": columns(table.columns),
        "PartitionKeys": columns(table.keys),
        "Parameters": {**table.parameters, "location": table.location},
    }


def _page(items: list[Any], size: int, token: str | None) -> tuple[list[Any], dict[str, str]]:
    """Return one page and what its answer says of the next."""
    start = int(token) if token and token.isdigit() else 0
    end = start + int(size)
    return items[start:end], {"NextToken": str(end)} if end < len(items) else {}


def _caller(call: Any) -> Identity | None:
    return signed_by(call.headers.get("Authorization", ""))


def _get(call: Any, name: str) -> Any:
    return call._get_param(name)  # noqa: SLF001 - moto's own way to a parameter


def patches(engine: Engine) -> list[Patch]:
    """Return what of moto's Athena is replaced."""
    operations = Operations(engine)
    ours = [name for name in vars(Operations) if not name.startswith("_")]
    why = "moto executes nothing"
    replaced = [Patch(responses.AthenaResponse, name, _method(getattr(operations, name)), why) for name in ours]
    return [
        *replaced,
        Patch(responses.AthenaResponse, "get_work_group", get_work_group, "moto answers null for an unknown one"),
        Patch(responses.AthenaResponse, "update_work_group", update_work_group, "moto has none"),
        Patch(models.AthenaBackend, "get_query_runtime_statistics", _no_statistics, "moto makes the figures up"),
    ]


def _method(operation: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return a bound operation as a method of moto's response class."""

    def method(call: Any) -> str:
        return operation(call)

    return method


def _no_statistics(_backend: Any, query_execution_id: str) -> None:
    raise NotImplementedError(f"GetQueryRuntimeStatistics of {query_execution_id}")
