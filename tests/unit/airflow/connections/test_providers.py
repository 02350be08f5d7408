"""A connection means here what it means to its provider's hook, field by field, or it is refused by name."""

from __future__ import annotations

import base64
import importlib
import json
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from fake_clock import FakeClock
from parity.airflow.connections.azure import adls_config
from parity.airflow.connections.clients import RemoteRef, adf_client
from parity.airflow.connections.databricks import databricks_config
from parity.airflow.connections.mysql import flexible_server
from parity.airflow.connections.senders import sender
from parity.clients.adls import AdlsStorage
from parity.clients.databricks import credential_of
from parity.clients.entra import EntraConfig, _identity_credential
from parity.errors import BadInput
from parity.suite.models import AlertTarget

KEY = base64.b64encode(b"k" * 64).decode()
OTHER_KEY = base64.b64encode(b"o" * 64).decode()
SAS = "sv=2024-11-04&ss=b&srt=sco&sp=rl&sig=c2ln"
CLIENT = {"login": "client", "password": "hunter2"}
HOST = "acct.blob.core.windows.net"
GOV = "acct.blob.core.usgovcloudapi.net"
BOTH = {"managed_identity_client_id": "mi", "workload_identity_tenant_id": "wi"}
CLASSES = {"ClientSecretCredential": ("tenant_id", "client_id", "client_secret")}
CLASSES |= {"DefaultAzureCredential": (), "ManagedIdentityCredential": ()}

Fields = Mapping[str, Any]


def row(name: str, refused: str = "", **fields: Any) -> Any:
    """Return a connection of the table; ``refused`` is the field that our error names."""
    return pytest.param(fields, refused, id=name.replace(" ", "_"))


def connection(conn_type: str, fields: Fields) -> Any:
    from airflow.sdk import Connection

    extra = json.dumps(fields["extra"]) if "extra" in fields else None
    return Connection(conn_id="c", conn_type=conn_type, **{**fields, "extra": extra})


@dataclass
class Identity:
    """A credential of azure-identity that was made, and does not reach any network."""

    kind: str
    given: dict[str, Any] = field(default_factory=dict)

    def get_token(self, scope: str, **_: Any) -> Any:
        return SimpleNamespace(token=f"{self.kind} {self.given} for {scope}", expires_on=2**40)


@pytest.fixture(autouse=True)
def _identities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the credential classes of azure-identity, wherever they have been imported to."""
    for name in ("AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"):
        monkeypatch.delenv(name, raising=False)
    hooks = "airflow.providers.microsoft.azure."
    places = ["azure.identity", *(hooks + name for name in ("utils", "hooks.wasb", "hooks.data_factory"))]
    for module in [importlib.import_module(place) for place in places]:
        for name, order in CLASSES.items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, _recorder(name, order))


def _recorder(name: str, order: tuple[str, ...]) -> Callable[..., Identity]:
    def make(*args: Any, **given: Any) -> Identity:
        known = {**dict(zip(order, args, strict=False)), **given}
        return Identity(name, {key: value for key, value in sorted(known.items()) if value is not None})

    return make


def _refused(refused: str, read: Callable[[], Any]) -> bool:
    """Return whether a refusal was expected, and then that it names the field and what to do."""
    if not refused:
        return False
    with pytest.raises(BadInput, match=f"Connection 'c': {refused}") as caught:
        read()
    assert caught.value.remedy
    assert not any(secret in str(caught.value) for secret in ("hunter2", KEY, "c2ln"))
    return True


# --- Azure Blob Storage ----------------------------------------------------------------------------------------

WASB = [
    row("login and key", login="acct", password=KEY),
    row("host without a scheme", host=HOST, password=KEY),
    row("host with a scheme", host=f"https://{HOST}/", password=KEY),
    row("host of two protocols", host="acct-dualstack.blob.core.windows.net", password=KEY),
    row("host that is no name, without a login", "Host", host="11111111-1111", extra={"account_key": KEY}),
    row("active directory at a host that is no name", "Host", host="1111", **CLIENT, extra={"tenant_id": "t"}),
    row("sovereign host", host=GOV, password=KEY),
    row("sovereign host with a scheme", host=f"https://{GOV}", login="x", password=KEY),
    row("chinese host and default chain", host="acct.blob.core.chinacloudapi.cn"),
    row("host that is no name", host="11111111-1111", login="acct", password=KEY),
    row("shared access key", login="acct", extra={"shared_access_key": KEY}),
    row("shared access key before password", login="acct", password=OTHER_KEY, extra={"shared_access_key": KEY}),
    row("account key", login="acct", extra={"account_key": KEY}),
    row("password before account key", login="acct", password=KEY, extra={"account_key": OTHER_KEY}),
    row("sas token", login="acct", extra={"sas_token": SAS}),
    row("sas token with a question mark", login="acct", extra={"sas_token": f"?{SAS}"}),
    row("sas token before password", login="acct", password=KEY, extra={"sas_token": SAS}),
    row("sas address", login="other", extra={"sas_token": f"https://{GOV}/?{SAS}"}),
    row("signature as password", login="acct", password=SAS),
    row("connection string", extra={"connection_string": f"AccountName=acct;AccountKey={KEY}"}),
    row(
        "connection string of a sovereign cloud, before all",
        login="other",
        password=OTHER_KEY,
        extra={
            "connection_string": f"AccountName=acct;AccountKey={KEY};EndpointSuffix=core.usgovcloudapi.net",
            "tenant_id": "t",
        },
    ),
    row(
        "connection string with a signature",
        extra={"connection_string": f"BlobEndpoint=https://{HOST};SharedAccessSignature={SAS}"},
    ),
    row("malformed connection string", "connection_string", extra={"connection_string": "hunter2"}),
    row(
        "connection string without a credential",
        "connection_string",
        extra={"connection_string": "AccountName=acct"},
    ),
    row("active directory", host=HOST, **CLIENT, extra={"tenant_id": "t"}),
    row("active directory in a sovereign cloud", host=GOV, **CLIENT, extra={"tenant_id": "t"}),
    row(
        "active directory before keys",
        host=HOST,
        **CLIENT,
        extra={"tenant_id": "t", "shared_access_key": KEY, "sas_token": SAS},
    ),
    row(
        "active directory elsewhere",
        host=GOV,
        **CLIENT,
        extra={
            "tenant_id": "t",
            "client_secret_auth_config": {
                "authority": "login.microsoftonline.us",
                "proxies": {"https": "http://proxy:1"},
            },
        },
    ),
    row(
        "active directory with an unread option",
        r"client_secret_auth_config \(disable_instance_discovery\)",
        host=HOST,
        **CLIENT,
        extra={"tenant_id": "t", "client_secret_auth_config": {"disable_instance_discovery": True}},
    ),
    row("active directory without a host", "Host", **CLIENT, extra={"tenant_id": "t"}),
    row("active directory without a secret", "Password", host=HOST, login="client", extra={"tenant_id": "t"}),
    row("active directory without a client", "Login", host=HOST, extra={"tenant_id": "t"}),
    row("default chain", login="acct"),
    row("default chain with its ids", login="acct", extra=BOTH),
    row(
        "managed identity alone",
        "managed_identity_client_id",
        login="acct",
        extra={"managed_identity_client_id": "mi"},
    ),
    row(
        "workload alone", "workload_identity_tenant_id", login="acct", extra={"workload_identity_tenant_id": "wi"}
    ),
    row("prefixed key", login="acct", extra={"extra__wasb__shared_access_key": KEY}),
    row("prefixed signature", login="acct", extra={"extra__wasb__sas_token": SAS}),
    row("prefixed tenant", host=HOST, **CLIENT, extra={"extra__wasb__tenant_id": "t"}),
    row(
        "prefixed connection string",
        extra={"extra__wasb__connection_string": f"AccountName=acct;AccountKey={KEY}"},
    ),
    row("prefixed ids", login="acct", extra={f"extra__wasb__{name}": value for name, value in BOTH.items()}),
    row(
        "an empty extra hides a prefixed one",
        login="acct",
        password=KEY,
        extra={"sas_token": "", "extra__wasb__sas_token": SAS},
    ),
    row("proxies", login="acct", password=KEY, extra={"proxies": {"https": "http://proxy:1"}}),
    row(
        "secondary",
        "secondary_hostname",
        login="acct",
        password=KEY,
        extra={"secondary_hostname": "x.example.com"},
    ),
    row("other region", "location_mode", login="acct", password=KEY, extra={"location_mode": "secondary"}),
    row("audience", "audience", login="acct", extra={"audience": "https://acct.blob.core.windows.net"}),
    row("signature in the host", "Host", host=f"https://{HOST}/?{SAS}"),
    row("nothing", "Host"),
]


def _blobs(service: Any) -> tuple[str, str, str]:
    """Return a client's address, kind of secret and secret."""
    address, _, query = service.url.partition("?")
    secret = service.credential
    if key := getattr(secret, "account_key", ""):
        return address, f"key of {secret.account_name}", key
    return address, "signature", (getattr(secret, "signature", "") or query).lstrip("?")


@pytest.mark.parametrize(("fields", "refused"), WASB)
def test_blob_storage(fields: Fields, refused: str) -> None:
    from airflow.providers.microsoft.azure.hooks.wasb import WasbHook

    if _refused(refused, lambda: adls_config(connection("wasb", fields))):
        return
    hook = WasbHook("c")
    hook.get_connection = lambda _: connection("wasb", fields)  # type: ignore[method-assign]
    theirs, config = hook.get_conn(), adls_config(connection("wasb", fields))
    assert config.account == "acct"
    assert config.options == {name: given for name, given in fields.get("extra", {}).items() if name == "proxies"}
    if isinstance(config.credential, EntraConfig):
        assert config.url.rstrip("/") == theirs.url.rstrip("/")
        assert _identity_credential(config.credential) == theirs.credential
    else:
        assert _blobs(AdlsStorage(config)._service) == _blobs(theirs)


OURS = [
    pytest.param(
        {"login": "acct", "password": KEY, "extra": {"account_url": "http://127.0.0.1:9/acct"}}, id="key"
    ),
    pytest.param({"password": KEY, "extra": {"account_name": "acct"}}, id="name"),
    pytest.param({**CLIENT, "extra": {"account_name": "acct", "tenant_id": "t"}}, id="client"),
    pytest.param({"extra": {"account_name": "acct", "tenant_id": "t"}}, id="chain"),
    pytest.param({"extra": {"account_name": "acct", "use_managed_identity": True, **BOTH}}, id="managed"),
]


@pytest.mark.parametrize("fields", OURS)
def test_blob_storage_in_our_own_words(fields: Fields) -> None:
    config = adls_config(connection("wasb", fields))
    place = "http://127.0.0.1:9/acct" if "account_url" in fields["extra"] else f"https://{HOST}"
    assert (config.account, config.url.rstrip("/")) == ("acct", place)
    if isinstance(config.credential, EntraConfig):
        kind = "client_secret" if "login" in fields else "default"
        assert config.credential.kind == (
            "managed_identity" if "use_managed_identity" in fields["extra"] else kind
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"host": HOST, "password": KEY, "extra": {"account_name": "other"}},
        {"login": "acct", "password": KEY, "extra": {"account_url": "https://other.blob.core.windows.net"}},
        {"login": "acct", "password": KEY, "extra": {"account_name": "other"}},
    ],
)
def test_two_accounts_in_one_connection_are_refused(fields: Fields) -> None:
    with pytest.raises(BadInput, match="account"):
        adls_config(connection("wasb", fields))


# --- Data Factory ----------------------------------------------------------------------------------------------

PLACE = {"subscriptionId": "sub", "resource_group_name": "rg", "factory_name": "factory"}
OLD = "extra__azure_data_factory__"
DATA_FACTORY = [
    row("client", **CLIENT, extra={**PLACE, "tenantId": "t"}),
    row("all prefixed", **CLIENT, extra={OLD + name: value for name, value in {**PLACE, "tenantId": "t"}.items()}),
    row("short before prefixed", **CLIENT, extra={**PLACE, "tenantId": "t", f"{OLD}tenantId": "other"}),
    row("client without a tenant", "tenantId", **CLIENT, extra=PLACE),
    row("an empty tenant beside a prefixed one", **CLIENT, extra={**PLACE, "tenantId": "t", f"{OLD}tenantId": ""}),
    row("client without a secret", "Password", login="client", extra={**PLACE, "tenantId": "t"}),
    row("secret without a client", "Login", password="hunter2", extra={**PLACE, "tenantId": "t"}),
    row("default chain", extra=PLACE),
    row("default chain beside a tenant", extra={**PLACE, "tenantId": "t"}),
    row("default chain with its ids", extra={**PLACE, **BOTH}),
    row("prefixed ids", extra={**PLACE, **{OLD + name: value for name, value in BOTH.items()}}),
    row("managed alone", "managed_identity_client_id", extra={**PLACE, "managed_identity_client_id": "mi"}),
    row("workload alone", "workload_identity_tenant_id", extra={**PLACE, "workload_identity_tenant_id": "wi"}),
    row("no subscription", "subscriptionId", extra={**PLACE, "subscriptionId": ""}),
]


@pytest.mark.parametrize(("fields", "refused"), DATA_FACTORY)
def test_data_factory(fields: Fields, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.microsoft.azure.hooks.data_factory import AzureDataFactoryHook

    ref, given = RemoteRef("adf", "c"), connection("azure_data_factory", fields)
    if _refused(refused, lambda: adf_client(ref, given)):
        return
    hook = AzureDataFactoryHook("c")
    hook.get_connection = lambda _: given  # type: ignore[method-assign]
    made: list[Any] = []

    def client(credential: Any, subscription: str) -> Any:
        made.extend((credential, subscription))
        return SimpleNamespace(factories=SimpleNamespace(get=lambda *names: names))

    monkeypatch.setattr(AzureDataFactoryHook, "_create_client", staticmethod(client))
    names: Any = hook.get_factory(None, None)
    config = adf_client(ref, given).config
    assert [_identity_credential(config.credential), config.subscription] == made
    assert (config.resource_group, config.factory) == names
    assert config.endpoint == "https://management.azure.com"
    server = flexible_server(given, "server", "").config
    assert (server.credential, server.subscription) == (config.credential, config.subscription)


# --- Databricks ------------------------------------------------------------------------------------------------

ADB = "adb-1.2.azuredatabricks.net"
TENANT = {"azure_tenant_id": "t"}
PROXIES = {"proxies": {"https": "http://proxy:1"}}
RESOURCE = {"azure_resource_id": "/subscriptions/sub/workspaces/w"}
DATABRICKS = [
    row("token", host=ADB, password="dapi"),
    row("address", host=f"https://{ADB}/", password="dapi"),
    row("address of a workspace", host=f"https://{ADB}/?o=123", password="dapi"),
    row("address in capitals", host=f"https://{ADB.upper()}", password="dapi"),
    row("schema and port", schema="http", host="127.0.0.1", port=9, password="dapi"),
    row("an address's scheme is not read", host=f"http://{ADB}", password="dapi"),
    row("host of the extras", host="adb-other.net", password="dapi", extra={"host": f"https://{ADB}/?o=1"}),
    row("host without a scheme, with a query", "Host", host=f"{ADB}/?o=123", password="dapi"),
    row("port in the address", "Host", host=f"https://{ADB}:8443", password="dapi"),
    row("port that is none", "Host", host=f"https://{ADB}:x", password="dapi"),
    row("no host", "Host", password="dapi"),
    row("empty host of the extras", "the extra host", host=ADB, password="dapi", extra={"host": ""}),
    row("token of the extras", host=ADB, **CLIENT, extra={"token": "dapi2", **TENANT}),
    row("empty token", "token", host=ADB, extra={"token": ""}),
    row("tenant", host=ADB, **CLIENT, extra=TENANT),
    row("tenant before service principal", host=ADB, **CLIENT, extra={**TENANT, "service_principal_oauth": True}),
    row("tenant and no login is a token", host=ADB, password="dapi", extra=TENANT),
    row("tenant and no secret", "Password", host=ADB, login="client", extra=TENANT),
    row("tenant of our old name", "Login", host=ADB, **CLIENT, extra={"tenant_id": "t"}),
    row("service principal", host=ADB, **CLIENT, extra={"service_principal_oauth": True}),
    row(
        "service principal without a secret",
        "Password",
        host=ADB,
        login="c",
        extra={"service_principal_oauth": True},
    ),
    row("managed identity", host=ADB, extra={"use_azure_managed_identity": True}),
    row(
        "managed identity with its id",
        host=ADB,
        extra={"use_azure_managed_identity": True, "azure_managed_identity_client_id": "mi", **PROXIES},
    ),
    row(
        "managed identity before tenant and default chain",
        host=ADB,
        **CLIENT,
        extra={"use_azure_managed_identity": True, "use_default_azure_credential": True, **TENANT},
    ),
    row("default chain", host=ADB, extra={"use_default_azure_credential": True}),
    row("default chain behind a proxy", host=ADB, extra={"use_default_azure_credential": True, **PROXIES}),
    row(
        "default chain before service principal",
        host=ADB,
        **CLIENT,
        extra={"use_default_azure_credential": True, "service_principal_oauth": True},
    ),
    row(
        "managed identity's id without its use",
        "azure_managed_identity_client_id",
        host=ADB,
        extra={"use_default_azure_credential": True, "azure_managed_identity_client_id": "mi"},
    ),
    row("nobody", "Password", host=ADB),
    row("user and password", "Login", host=ADB, **CLIENT),
    row("resource", host=ADB, **CLIENT, extra={**TENANT, **RESOURCE}),
    row("resource of a managed identity", host=ADB, extra={"use_azure_managed_identity": True, **RESOURCE}),
    row("resource of a token", "azure_resource_id", host=ADB, password="dapi", extra=RESOURCE),
    row(
        "resource of the default chain",
        "azure_resource_id",
        host=ADB,
        extra={"use_default_azure_credential": True, **RESOURCE},
    ),
    row(
        "endpoint",
        "azure_ad_endpoint",
        host=ADB,
        **CLIENT,
        extra={**TENANT, "azure_ad_endpoint": "login.microsoftonline.us"},
    ),
    row("proxy", host=ADB, password="dapi", extra=PROXIES),
    row("proxy on the way to Entra", host=ADB, **CLIENT, extra={**TENANT, **PROXIES}),
    row("proxies that are none", "proxies", host=ADB, password="dapi", extra={"proxies": "http://proxy:1"}),
    row("proxies of another kind", "proxies", host=ADB, password="dapi", extra={"proxies": {"ftp": "http://p:1"}}),
    row("kubernetes", "federated_k8s", host=ADB, extra={"federated_k8s": True, "client_id": "c"}),
    row("kubernetes by login", "federated_k8s", host=ADB, login="federated_k8s", extra={"client_id": "c"}),
    row("aws", "federated_aws", host=ADB, extra={"federated_aws": True, "aws_conn_id": "aws_default"}),
    row("aws by login", "federated_aws", host=ADB, login="federated_aws", password="x"),
    row("a provider of tokens", "federated_token_provider", host=ADB, extra={"federated_token_provider": "a.b"}),
    row("token before federation", host=ADB, password="dapi", extra={"federated_k8s": True}),
]


@pytest.mark.parametrize(("fields", "refused"), DATABRICKS)
def test_databricks(fields: Fields, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    given = connection("databricks", fields)
    if _refused(refused, lambda: databricks_config(given)):
        return
    metadata = SimpleNamespace(raise_for_status=lambda: None, json=lambda: {"compute": {"azEnvironment": "x"}})
    monkeypatch.setattr(requests, "get", lambda *_, **__: metadata)
    monkeypatch.setattr(requests, "post", _answer_principal)
    hook = _databricks_hook(given)
    theirs = {"Authorization": f"Bearer {hook._get_token(raise_error=True)}", **hook._get_aad_headers()}
    config = databricks_config(given)
    assert f"{config.host}/" == hook._endpoint_url("")
    assert config.proxies == (hook.proxies or {})
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, json=_principal(str(request.url), request.headers))
    )
    assert credential_of(config, FakeClock(), transport).headers() == theirs


def test_a_token_beside_the_login_token_is_that_token() -> None:
    """The hook sends it as a password of the user ``token``, which Databricks reads as a token, too."""
    given = connection("databricks", {"host": ADB, "login": "token", "password": "dapi"})
    assert _databricks_hook(given)._get_token() is None
    assert credential_of(databricks_config(given), FakeClock()).headers() == {"Authorization": "Bearer dapi"}


def _databricks_hook(given: Any) -> Any:
    from airflow.providers.databricks.hooks.databricks import DatabricksHook

    hook = DatabricksHook("c")
    hook.__dict__.update(databricks_conn=given, user_agent_header={})
    return hook


def _answer_principal(url: str, auth: Any, headers: Mapping[str, str], **_: Any) -> Any:
    import requests

    sent = requests.Request("POST", url, auth=auth, headers=headers).prepare()
    return SimpleNamespace(raise_for_status=lambda: None, json=lambda: _principal(url, sent.headers))


def _principal(url: str, headers: Mapping[str, Any]) -> dict[str, Any]:
    """Answer as a workspace: a token that says where it came from, and for whom."""
    return {"access_token": f"{headers['authorization']} at {url}", "token_type": "Bearer", "expires_in": 3600}


# --- Alerts ----------------------------------------------------------------------------------------------------

MAIL = {"host": "mail.test", "login": "me@mail.test", "password": "hunter2"}
SMTP = [
    row("implicit TLS", **MAIL, extra={"disable_tls": True}),
    row("implicit TLS at a port", **MAIL, port=4650, extra={"disable_tls": True}),
    row("no extra at all", **MAIL),
    row("STARTTLS", **MAIL, port=587, extra={"disable_ssl": True}),
    row("STARTTLS at the usual port", **MAIL, extra={"disable_ssl": True, "disable_tls": False}),
    row("in clear", **MAIL, port=25, extra={"disable_ssl": True, "disable_tls": True}),
    row("unverified", **MAIL, extra={"disable_ssl": True, "ssl_context": "none"}),
    row("implicit TLS, unverified", **MAIL, extra={"disable_tls": True, "ssl_context": "none"}),
    row("verified", **MAIL, extra={"disable_ssl": True, "ssl_context": "default"}),
    row("timeout", **MAIL, extra={"timeout": 7, "disable_tls": True}),
    row("timeout as text", **MAIL, extra={"timeout": "7", "disable_tls": True}),
    row("without a password", host="mail.test", login="me@mail.test", extra={"disable_tls": True}),
    row("basic", **MAIL, extra={"auth_type": "basic", "disable_tls": True, "access_token": "x"}),
    row("oauth2", "auth_type", **MAIL, extra={"auth_type": "oauth2", "access_token": "x"}),
    row("unknown context", "ssl_context", **MAIL, extra={"ssl_context": "mine"}),
    row("no timeout", "timeout", **MAIL, extra={"timeout": "soon"}),
    row("no host", "Host", login="me", password="hunter2"),
]


class Server:
    """A mail server that says what was asked of it."""

    asked: list[Any]
    implicit = False

    def __init__(self, host: str, port: int = 0, *, timeout: float, context: Any = None) -> None:
        Server.asked = [host, port, timeout, self.implicit, _verified(context) if self.implicit else None]

    def starttls(self, *, context: Any) -> None:
        if not self.implicit:  # the hook sends it inside of TLS as well, which servers refuse
            self.asked.append(("starttls", _verified(context)))

    def login(self, user: str, password: str) -> None:
        self.asked.append((user, password))

    def ehlo(self) -> None:
        """Be greeted."""


class ImplicitServer(Server):
    """The same with TLS from the first byte."""

    implicit = True


def _verified(context: Any) -> bool:
    import ssl

    return context is not None and context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname


@pytest.mark.parametrize(("fields", "refused"), SMTP)
def test_smtp(fields: Fields, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    given, target = connection("smtp", fields), AlertTarget.model_validate({"email": {"to": ["you@mail.test"]}})
    if _refused(refused, lambda: sender(target, given)({})):
        return
    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", ImplicitServer)
    hook = SmtpHook("c")
    hook.get_connection = lambda _: given  # type: ignore[method-assign]
    hook.get_conn()
    theirs = Server.asked
    ours: Any = sender(target, given)
    ours._connect()
    assert Server.asked == theirs


SLACK = [
    row("token", password="xoxb"),
    row("elsewhere", password="xoxb", extra={"base_url": "https://slack-gov.com/api/", "timeout": 7}),
    row("proxy", password="xoxb", extra={"proxy": "http://proxy:1"}),
    row("prefixed", password="xoxb", extra={"extra__slack__proxy": "http://proxy:1", "extra__slack__timeout": ""}),
    row("host", "Host", host="slack.test", password="xoxb"),
]


@pytest.mark.parametrize(("fields", "refused"), SLACK)
def test_slack(fields: Fields, refused: str) -> None:
    from airflow.providers.slack.hooks.slack import SlackHook

    given, target = connection("slack", fields), AlertTarget.model_validate({"slack": {"channel": "#c"}})
    if _refused(refused, lambda: sender(target, given)({})):
        return
    theirs = SlackHook(slack_conn_id="c")._get_conn_params(given)
    ours: Any = sender(target, given)
    assert ours.token.get_secret_value() == theirs["token"]
    assert ours.api_base == theirs.get("base_url", "https://slack.com/api")
    assert (ours.proxy.get_secret_value(), ours.timeout) == (theirs.get("proxy", ""), theirs.get("timeout", 10))


def test_a_channel_that_cannot_be_used_keeps_its_name_and_fails_alone() -> None:
    target = AlertTarget.model_validate({"slack": {"channel": "#c"}})
    for extra in ({"timeout": "soon"}, {}):
        refused = sender(target, connection("slack", {"host": "slack.test", "password": "xoxb", "extra": extra}))
        assert refused.name == "slack:slack_default:#c"
        with pytest.raises(BadInput, match="Connection 'c'"):
            refused({})


SLACK_WEBHOOK = [
    row("path", password="T/B/x"),
    row("address", password="https://hooks.slack.test/services/T/B/x"),
    row("host", host="hooks.slack.test/services", password="/T/B/x"),
    row("host and schema", schema="http", host="127.0.0.1:9", password="T"),
    row("address of a host", host="https://hooks.slack.test/", password="T"),
    row("proxy", password="T", extra={"extra__slackwebhook__proxy": "http://proxy:1", "timeout": "7"}),
    row("nothing", "Password", host="hooks.slack.test"),
]


@pytest.mark.parametrize(("fields", "refused"), SLACK_WEBHOOK)
def test_slack_webhook(fields: Fields, refused: str) -> None:
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    given, target = connection("slackwebhook", fields), AlertTarget.model_validate({"slack": {"channel": "#c"}})
    if _refused(refused, lambda: sender(target, given)({})):
        return
    theirs = SlackWebhookHook(slack_webhook_conn_id="c")._build_conn_params(given)
    ours: Any = sender(target, given)
    assert ours.webhook_url.get_secret_value() == theirs["url"]
    assert (ours.proxy.get_secret_value(), ours.timeout) == (theirs.get("proxy", ""), theirs.get("timeout", 10))


WEBHOOK = [
    row("basic", host="https://hook.test", login="me", password="hunter2"),
    row("headers", host="https://hook.test", extra={"X-Mine": "1"}),
    row("proxy", "proxies", host="https://hook.test", extra={"proxies": {"https": "http://proxy:1"}}),
    row("unverified", "verify", host="https://hook.test", extra={"verify": False}),
]


@pytest.mark.parametrize(("fields", "refused"), WEBHOOK)
def test_webhook(fields: Fields, refused: str) -> None:
    import requests
    from airflow.providers.http.hooks.http import HttpHook

    given, target = connection("http", fields), AlertTarget.model_validate({"webhook": {"connection": "c"}})
    if _refused(refused, lambda: sender(target, given)({})):
        return
    hook = HttpHook(http_conn_id="c")
    hook.get_connection = lambda _: given  # type: ignore[method-assign]
    session = hook.get_conn()
    theirs = session.prepare_request(requests.Request("POST", hook.base_url)).headers
    ours: Any = sender(target, given)
    assert ours.url.get_secret_value() == hook.base_url
    sent = {name: value.get_secret_value() for name, value in ours.headers.items()}
    assert sent.items() <= theirs.items()
    assert ("Authorization" in sent) == ("Authorization" in theirs)
