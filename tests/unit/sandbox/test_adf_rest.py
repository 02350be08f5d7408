"""Data Factory's REST manners: tokens, versions, errors, paging, and whatever rubbish a client may send."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from azure_sandbox import WINDOW, Azure, fail, make_context, wait
from parity_sandbox.azure.adf.queries import PAGE


@pytest.fixture
def azure(tmp_path: Path) -> Azure:
    return Azure(make_context(tmp_path))


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# --- Who may ask -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "AuthenticationFailed"),
        ({"authorization": "Basic eDp5"}, "AuthenticationFailed"),
        ({"authorization": "Bearer junk"}, "InvalidAuthenticationToken"),
        ({"authorization": "Bearer a.b.c"}, "InvalidAuthenticationToken"),
    ],
)
def test_a_call_without_a_valid_token_is_401(azure: Azure, header: dict[str, str], code: str) -> None:
    answer = azure.call("GET", "", headers=header)
    assert refusal(answer) == (401, code)
    assert "authorization_uri" in answer.headers["www-authenticate"]


def test_a_token_for_another_resource_is_401(azure: Azure) -> None:
    header = {"authorization": f"Bearer {azure.token('https://storage.azure.com/.default')}"}
    assert refusal(azure.call("GET", "", headers=header)) == (401, "InvalidAuthenticationTokenAudience")


def test_a_token_of_another_sandbox_is_401(azure: Azure, tmp_path: Path) -> None:
    other = Azure(make_context(tmp_path / "other"))
    assert refusal(azure.call("GET", "", headers=other.headers)) == (401, "InvalidAuthenticationToken")


def test_the_api_version_is_required_and_must_be_known(azure: Azure) -> None:
    missing = azure.http.get(azure.base, headers=azure.headers)
    assert refusal(missing) == (400, "MissingApiVersionParameter")
    wrong = azure.call("GET", "", params={"api-version": "2020-01-01"})
    assert refusal(wrong) == (400, "NoRegisteredProviderFound")


# --- What is asked ---------------------------------------------------------------------------------------------


def test_paths_ignore_case(azure: Azure) -> None:
    azure.put("Nightly", [wait("a")])
    path = azure.base.replace("resourceGroups", "resourcegroups").replace(
        "Microsoft.DataFactory", "MICROSOFT.datafactory"
    )
    answer = azure.http.get(
        f"{path}/PIPELINES/nightly", params={"api-version": "2018-06-01"}, headers=azure.headers
    )
    assert answer.json()["name"] == "Nightly"


def test_what_is_absent_is_404_in_arms_words(azure: Azure) -> None:
    assert refusal(azure.call("GET", "/pipelines/none")) == (404, "ResourceNotFound")
    assert refusal(azure.call("GET", "/pipelineruns/none")) == (404, "PipelineRunNotFound")
    assert refusal(azure.call("POST", "/pipelines/none/createRun")) == (404, "EntityNotFound")
    version = {"params": {"api-version": "2018-06-01"}, "headers": azure.headers}
    elsewhere = azure.base.replace("payments-migration", "other")
    assert refusal(azure.http.get(elsewhere, **version)) == (404, "ResourceGroupNotFound")
    assert refusal(azure.http.get(azure.base + "x", **version)) == (404, "ResourceNotFound")


def test_an_unknown_route_is_404_and_says_what_to_add(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "parity_sandbox"):
        assert refusal(azure.call("GET", "/triggers/t")) == (404, "InvalidResourceType")
        assert azure.http.get("/nowhere").status_code == 404
    assert [record.message[:32] for record in caplog.records] == [
        "sandbox: add a route for GET /su",
        "sandbox: add a route for GET /no",
    ]


def test_an_etag_spares_what_the_caller_has(azure: Azure) -> None:
    azure.put("p", [wait("a")])
    etag = azure.call("GET", "/pipelines/p").json()["etag"]
    same = azure.call("GET", "/pipelines/p", headers={**azure.headers, "if-none-match": etag})
    assert (same.status_code, same.content) == (304, b"")
    azure.put("p", [wait("b")])
    changed = azure.call("GET", "/pipelines/p", headers={**azure.headers, "if-none-match": etag})
    assert changed.json()["properties"]["activities"][0]["name"] == "b"
    stale = azure.call("PUT", "/pipelines/p", headers={**azure.headers, "if-match": etag}, json={"properties": {}})
    assert refusal(stale) == (412, "PreconditionFailed")


def test_lists_come_in_pages(azure: Azure) -> None:
    for number in range(51):
        azure.call("PUT", f"/datasets/d{number:02}", json={"properties": {"type": "Binary"}})
    first = azure.call("GET", "/datasets").json()
    following = azure.http.get(first["nextLink"].partition("testserver")[2], headers=azure.headers).json()
    assert (len(first["value"]), [one["name"] for one in following["value"]]) == (50, ["d50"])
    assert "nextLink" not in following


def test_deleting_twice_is_200_then_204(azure: Azure) -> None:
    azure.put("p", [wait("a")])
    assert [azure.call("DELETE", "/pipelines/p").status_code for _ in range(2)] == [200, 204]


def test_resources_survive_a_restart(azure: Azure) -> None:
    azure.put("Night ly", [wait("a")])
    assert Azure(azure.context).call("GET", "/pipelines/night ly").json()["name"] == "Night ly"


# --- Queries ---------------------------------------------------------------------------------------------------


def test_runs_are_filtered_ordered_and_paged(azure: Azure) -> None:
    azure.put("good", [wait("a")])
    azure.put("bad", [fail("a")])
    good = [azure.start("good") for _ in range(3)]
    bad = azure.start("bad")
    for run in (*good, bad):
        azure.wait(run)

    def query(*filters: dict[str, Any], **more: Any) -> list[str]:
        answer = azure.call("POST", "/queryPipelineRuns", json={**WINDOW, "filters": list(filters), **more})
        return [one["runId"] for one in answer.json()["value"]]

    by_status = {"operand": "Status", "operator": "In", "values": ["Failed", "Cancelled"]}
    by_name = {"operand": "PipelineName", "operator": "NotEquals", "values": ["bad"]}
    assert query(by_status) == [bad]
    assert query(by_name, orderBy=[{"orderBy": "RunStart", "order": "DESC"}]) == good[::-1]
    assert query(by_name, by_status) == []
    assert query(lastUpdatedAfter="2099-01-01T00:00:00Z") == []


def test_long_answers_continue_with_a_token(azure: Azure) -> None:
    loop = {
        "name": "l",
        "type": "ForEach",
        "typeProperties": {"items": f"@range(0, {PAGE + 5})", "activities": []},
    }
    loop["typeProperties"]["activities"] = [wait("each")]  # type: ignore[index]
    azure.put("p", [loop])
    run = azure.start("p")
    azure.wait(run)
    path = f"/pipelineruns/{run}/queryActivityruns"
    first = azure.call("POST", path, json=WINDOW).json()
    rest = azure.call("POST", path, json={**WINDOW, "continuationToken": first["continuationToken"]}).json()
    ids = {one["activityRunId"] for one in (*first["value"], *rest["value"])}
    assert (len(first["value"]), len(ids), "continuationToken" in rest) == (PAGE, PAGE + 6, False)


BAD_QUERIES: list[dict[str, Any]] = [
    {},
    {"lastUpdatedAfter": "2000-01-01T00:00:00Z"},
    {**WINDOW, "lastUpdatedBefore": "soon"},
    {**WINDOW, "filters": [{"operand": "Colour", "operator": "Equals", "values": ["x"]}]},
    {**WINDOW, "filters": [{"operand": "Status", "operator": "Like", "values": ["x"]}]},
    {**WINDOW, "filters": "Status"},
    {**WINDOW, "filters": ["Status"]},
    {**WINDOW, "orderBy": [{"orderBy": "RunStart", "order": "UP"}]},
    {**WINDOW, "continuationToken": "!!!"},
    {**WINDOW, "continuationToken": 5},
]


@pytest.mark.parametrize("body", BAD_QUERIES, ids=str)
def test_a_query_that_makes_no_sense_is_400(azure: Azure, body: dict[str, Any]) -> None:
    assert refusal(azure.call("POST", "/queryPipelineRuns", json=body)) == (400, "BadRequest")


# --- Rubbish ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff\xfe", b'"x"', b"null"])
@pytest.mark.parametrize("path", ["/queryPipelineRuns", "/pipelines/p/createRun"])
def test_a_body_that_cannot_be_read_is_400(azure: Azure, body: bytes, path: str) -> None:
    azure.put("p", [wait("a")])
    assert refusal(azure.call("POST", path, content=body)) == (400, "InvalidRequestContent")


BAD_PIPELINES: list[tuple[Any, str]] = [
    ([wait("a"), wait("a")], "more than once"),
    ([wait("a", {"b": "Succeeded"})], "does not exist"),
    ([wait("a", {"b": "Succeeded"}), wait("b", {"a": "Succeeded"})], "in a circle"),
    ([wait("a"), wait("b", {"a": "Maybe"})], "unknown condition 'Maybe'"),
    ([{"name": "a"}], "lacks a name or a type"),
    (["a"], "not a list of activities"),
    ("abc", "not a list of activities"),
    ([{**wait("a"), "linkedServiceName": {"referenceName": "gone"}}], "invalid reference 'gone'"),
]


@pytest.mark.parametrize(("activities", "said"), BAD_PIPELINES, ids=[said for _, said in BAD_PIPELINES])
def test_a_wrong_pipeline_is_refused_when_it_is_saved(azure: Azure, activities: Any, said: str) -> None:
    answer = azure.put("p", activities)
    assert refusal(answer) == (400, "BadRequest")
    assert said in answer.json()["error"]["message"]
    assert azure.call("GET", "/pipelines/p").status_code == 404


def test_a_missing_parameter_is_refused_before_anything_runs(azure: Azure) -> None:
    azure.put("p", [wait("a")], parameters={"day": {"type": "string"}})
    answer = azure.call("POST", "/pipelines/p/createRun", json={})
    assert refusal(answer) == (400, "BadRequest")
    assert "'day'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "name", ["..", "../../x", "..%2f..%2fx", "%2e%2e", "a%00b", "a%2fb", "x" * 200, "ü" * 100]
)
def test_no_name_leaves_the_state_folder_or_breaks_the_service(azure: Azure, name: str, tmp_path: Path) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    for method in ("PUT", "GET", "DELETE"):
        answer = azure.call(method, f"/datasets/{name}", json={"properties": {}} if method == "PUT" else None)
        assert answer.status_code < 500
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


# --- Entra -----------------------------------------------------------------------------------------------------

REFUSED = [
    ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
    ({"client_id": "44444444-4444-4444-8444-444444444444"}, 400, "unauthorized_client", 700016),
    ({"tenant": "nobody"}, 400, "invalid_request", 90002),
    ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ({"scope": "https://management.azure.com"}, 400, "invalid_scope", 1002012),
    ({"scope": ""}, 400, "invalid_request", 900144),
    ({"client_secret": ""}, 401, "invalid_client", 7000218),
    ({"client_assertion": "no.jwt"}, 400, "invalid_request", 50027),
]


@pytest.mark.parametrize(("changes", "status", "word", "number"), REFUSED, ids=[str(one[3]) for one in REFUSED])
def test_entra_refuses_with_its_own_numbers(
    azure: Azure, changes: dict[str, str], status: int, word: str, number: int
) -> None:
    answer = azure.ask_token(**changes)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, word, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")


def test_an_assertion_is_as_good_as_a_secret(azure: Azure) -> None:
    import jwt

    assertion = jwt.encode({"sub": "workload", "iss": "https://issuer"}, "k" * 32, algorithm="HS256")
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    token = azure.token(client_secret="", client_assertion=assertion, client_assertion_type=kind)
    assert azure.call("GET", "", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_version_1_of_the_token_endpoint_answers_numbers_as_texts(azure: Azure) -> None:
    at = azure.context.endpoints
    form = {"grant_type": "client_credentials", "client_id": at.client_id, "client_secret": at.client_secret}
    answer = azure.http.post(
        f"/{at.tenant}/oauth2/token", data={**form, "resource": "https://management.azure.com/"}
    ).json()
    assert (answer["expires_in"], int(answer["expires_on"]) - int(answer["not_before"])) == ("3600", 3600)
    header = {"authorization": f"Bearer {answer['access_token']}"}
    assert azure.call("GET", "", headers=header).status_code == 200


def test_a_managed_identity_needs_its_header(azure: Azure) -> None:
    resource = {"resource": "https://management.azure.com/"}
    assert azure.http.get("/msi/token", params=resource).status_code == 401
    service = azure.http.get("/msi/token", params=resource, headers={"x-identity-header": "x"})
    assert service.json()["token_type"] == "Bearer"
    assert azure.http.get("/metadata/identity/oauth2/token", params=resource).status_code == 400
    instance = azure.http.get("/metadata/identity/oauth2/token", params=resource, headers={"metadata": "true"})
    assert instance.json()["expires_in"] == "3600"


def test_a_lifetime_that_is_none_is_refused(azure: Azure) -> None:
    for wrong in (0, "60", None, 10**9):
        assert azure.http.post("/_sandbox/tokens", json={"lifetime": wrong}).status_code == 400
    assert azure.http.post("/_sandbox/tokens", content=b"[]").status_code == 400
    assert azure.http.post("/_sandbox/tokens", content=b"{").status_code == 400
