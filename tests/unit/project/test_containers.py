"""The deployment, checked without an engine: every name in it must mean something."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
import yaml

from unit.project.places import PROJECT, pins, text

SERVICE_KEYS = {
    "image", "build", "init", "restart", "cap_drop", "security_opt", "environment", "volumes", "depends_on",
    "command", "ports", "healthcheck", "shm_size", "stop_grace_period", "user", "pull_policy", "logging",
    "profiles", "deploy",
}  # fmt: skip
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
RESTARTS = {"no", "always", "on-failure", "unless-stopped"}
SECONDS_TO_STOP = runpy.run_path(str(PROJECT / "config" / "health.py"))["SECONDS_TO_STOP"]
LAST = ["python", "/opt/parity/config/last.py"]
COMPONENTS = {"api-server", "scheduler", "dag-processor", "triggerer"}
WORKERS = {"worker", "worker-heavy"}
SERVERS = {"postgres", "redis"}
OF_PROVIDERS = {"AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__FAB__CONFIG_FILE"}
"""Settings of what only the image has; ``make deploy-test`` runs them."""
COMMANDS_OF_PROVIDERS = {"celery", "roles", "sync-perm"}
DURATION = re.compile(r"(\d+(?:ms|s|m|h))+")
REFERENCE = re.compile(r"(?<!\$)\$(?:\{([A-Z0-9_]+)([^}]*)\}|([A-Z0-9_]+))")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(text("docker-compose.yaml")))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(compose["services"])


@pytest.fixture(scope="module")
def offered() -> dict[str, str]:
    """What .env.example sets, or names behind a # because nobody needs it."""
    return dict(re.findall(r"^#?([A-Z0-9_]+)=(.*)$", text(".env.example"), re.MULTILINE))


@pytest.fixture(scope="module")
def airflow_commands() -> dict[str, Any]:
    from airflow.cli import cli_config

    return {command.name: command for command in cli_config.core_commands}


def test_the_file_has_only_keys_of_the_compose_specification(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    top = {key for key in compose if not key.startswith("x-")}
    assert top == {"name", "services", "volumes"}
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        assert isinstance(service["image"], str), name
        assert service["restart"] in RESTARTS, name
        assert all(isinstance(value, str | None) for value in service["environment"].values()), name


def test_every_component_of_airflow_runs_once(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == COMPONENTS | WORKERS | SERVERS | {"init"}


def test_health_checks_are_well_formed(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name == "init":
            assert "healthcheck" not in service
            continue
        check = service["healthcheck"]
        assert set(check) <= HEALTH_KEYS, name
        assert check["test"][0] == "CMD", name
        durations = ("interval", "timeout", "start_period", "start_interval")
        assert all(DURATION.fullmatch(check[key]) for key in durations), name
        assert isinstance(check["retries"], int), name


def test_services_wait_for_services_that_can_satisfy_them(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            assert wait["condition"] in CONDITIONS, name
            assert wait["condition"] != "service_healthy" or "healthcheck" in services[other], (name, other)
            assert other != name


def test_dependencies_form_no_ring(services: dict[str, dict[str, Any]]) -> None:
    from graphlib import TopologicalSorter

    graph = {name: set(service.get("depends_on", {})) for name, service in services.items()}
    assert set(list(TopologicalSorter(graph).static_order())[:2]) == SERVERS


def test_every_mounted_path_and_volume_exists(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    for name, service in services.items():
        for mount in service["volumes"]:
            source, target, *_ = mount.split(":")
            assert target.startswith("/"), name
            if source.startswith("./"):
                assert (PROJECT / source).exists(), source
                assert mount.endswith(":ro"), f"{name}: the project is only read"
            else:
                assert source in compose["volumes"], source


def test_every_variable_is_offered_and_none_is_offered_in_vain(
    services: dict[str, dict[str, Any]], offered: dict[str, str]
) -> None:
    used = {braced or bare for braced, _, bare in REFERENCE.findall(_without_comments())}
    passed = {name for name, value in services["api-server"]["environment"].items() if value is None}
    assert used | passed | {"COMPOSE_PROFILES"} == set(offered)
    needed = {braced for braced, rest, _ in REFERENCE.findall(_without_comments()) if rest.startswith(":?")}
    assert needed | {"COMPOSE_PROFILES"} == set(re.findall(r"^([A-Z0-9_]+)=", text(".env.example"), re.MULTILINE))


def test_no_secret_has_a_value(offered: dict[str, str]) -> None:
    secret = re.compile(r"PASSWORD|SECRET|KEY|TOKEN")
    named = [name for name in offered if secret.search(name)]
    assert len(named) == 8
    assert not any(offered[name] for name in named)
    assert ".env" in text(".gitignore").splitlines()


def test_ports_are_published_on_loopback_only(services: dict[str, dict[str, Any]]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_settings_of_parity_exist(services: dict[str, dict[str, Any]]) -> None:
    from parity.settings import Settings

    named = {key for key in services["scheduler"]["environment"] if key.startswith("PARITY_")}
    # The image fixes where its own files are.
    fixed = {"home", "suites", "databases", "waves"}
    assert {key.removeprefix("PARITY_").lower() for key in named} == set(Settings.model_fields) - fixed


def test_settings_of_airflow_exist(services: dict[str, dict[str, Any]]) -> None:
    from airflow.configuration import retrieve_configuration_description as describe

    known = describe(include_providers=False)
    named = [key for key in services["scheduler"]["environment"] if key.startswith("AIRFLOW__")]
    in_image = re.findall(r"\b(AIRFLOW__\w+)=", text("Dockerfile"))
    for key in {*named, *in_image} - OF_PROVIDERS:
        section, option = key.removeprefix("AIRFLOW__").lower().split("__", 1)
        assert option in known[section]["options"], key


def test_every_command_is_one_that_airflow_and_parity_have(
    services: dict[str, dict[str, Any]], airflow_commands: dict[str, Any]
) -> None:
    from parity.cli import COMMANDS

    for words in _commands(services):
        if words[0] == "airflow" and words[1] not in COMMANDS_OF_PROVIDERS:
            _check_airflow(words[1:], airflow_commands)
        elif words[0] == "parity":
            assert words[1] in COMMANDS


def test_the_init_job_migrates_both_databases(services: dict[str, dict[str, Any]]) -> None:
    assert services["init"]["command"] == ["sh", "/opt/parity/config/init.sh"]
    lines = text("config/init.sh").splitlines()
    order = ["python -m parity.history.create_database", "airflow db migrate", "parity runs --limit 1"]
    assert [line for line in lines if line in order] == order
    assert all(services[name]["depends_on"]["init"] for name in COMPONENTS)


def test_one_service_builds_the_image_and_the_others_never_fetch_another(
    services: dict[str, dict[str, Any]],
) -> None:
    ours = {name: service for name, service in services.items() if name not in SERVERS}
    assert {service["image"] for service in ours.values()} == {ours["init"]["image"]}
    assert [name for name, service in services.items() if "build" in service] == ["init"]
    assert {service["pull_policy"] for name, service in ours.items() if name != "init"} == {"never"}


def test_tasks_end_before_the_api_server_which_takes_their_results(services: dict[str, dict[str, Any]]) -> None:
    for name in COMPONENTS:
        needed = services[name]["depends_on"]
        assert all(condition["restart"] for condition in needed.values()), name
        assert name == "api-server" or "api-server" in needed
    # Compose stops at once what it replaces: the API server itself waits for tasks, longer than the scheduler may.
    assert services["api-server"]["command"][:2] == LAST
    where = ("scheduler", *WORKERS)
    minutes = {name: int(services[name]["stop_grace_period"].removesuffix("m")) for name in ("api-server", *where)}
    assert all(10 <= minutes[name] < minutes["api-server"] for name in where)


def test_a_queue_for_heavy_comparisons_has_workers_with_a_memory_of_their_own(
    services: dict[str, dict[str, Any]],
) -> None:
    commands = {name: " ".join(services[name]["command"]) for name in WORKERS}
    assert "--queues default --concurrency ${WORKER_TASKS:?" in commands["worker"]
    assert commands["worker-heavy"].endswith("--queues heavy --concurrency 1")
    ordinary, heavy = (services[name]["environment"] for name in ("worker", "worker-heavy"))
    assert {name for name in ordinary if ordinary[name] != heavy[name]} == {"PARITY_MEMORY"}
    assert set(ordinary) == set(heavy)
    assert all(services[name]["profiles"] == ["celery"] for name in (*WORKERS, "redis"))
    assert all(services[name]["healthcheck"]["test"][-1] == "worker" for name in WORKERS)


def test_components_are_asked_by_the_watchdog_and_started_again(services: dict[str, dict[str, Any]]) -> None:
    for name in COMPONENTS:
        test = services[name]["healthcheck"]["test"]
        component = name if name == "api-server" else name.replace("-", "_")
        assert test == ["CMD", "python", "-IS", "/opt/parity/config/health.py", component]
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["init"], "process 1 must end when its child is killed"
        seconds = int(services[name]["healthcheck"]["timeout"].removesuffix("s"))
        assert seconds > SECONDS_TO_STOP + 25  # a question and the webhook


def test_postgresql_is_healthy_when_it_is_reached_and_not_while_it_is_made(
    services: dict[str, dict[str, Any]],
) -> None:
    assert services["postgres"]["healthcheck"]["test"][1:4] == ["pg_isready", "--host", "127.0.0.1"]


def test_the_shipped_servers_can_be_left_out(services: dict[str, dict[str, Any]]) -> None:
    assert services["postgres"]["profiles"] == ["postgres"]
    for service in services.values():
        for server in SERVERS & set(service.get("depends_on", {})):
            assert service["depends_on"][server]["required"] is False


def test_a_proxy_is_believed_only_where_it_is_trusted(
    services: dict[str, dict[str, Any]], offered: dict[str, str]
) -> None:
    assert "--proxy-headers" in services["api-server"]["command"]
    assert services["api-server"]["environment"]["FORWARDED_ALLOW_IPS"].startswith("${TRUSTED_PROXIES:?")
    trusted = [ip_network(one) for one in offered["TRUSTED_PROXIES"].split(",")]
    assert all(network.is_private for network in trusted)


def test_a_checkout_that_only_its_owner_can_read_makes_an_image_that_all_can_read(
    services: dict[str, dict[str, Any]],
) -> None:
    lines = re.findall(r"^(COPY|RUN|USER) (.+)$", text("Dockerfile"), re.MULTILINE)
    last_copy = max(position for position, (word, _) in enumerate(lines) if word == "COPY")
    assert lines[last_copy + 1][1].startswith("chmod -R a+rX . && ")
    # PostgreSQL reads no file of the checkout: a script that it cannot read once left it without a database.
    assert all(not mount.startswith("./") for mount in services["postgres"]["volumes"])


def test_versions_are_pinned_and_agree_with_the_lock() -> None:
    base = re.search(r"^FROM python:(\d+\.\d+\.\d+)-slim-\w+$", text("Dockerfile"), re.MULTILINE)
    assert base
    assert base[1].startswith("3.11."), "the lock is compiled for Python 3.11"
    assert f"Airflow {pins('requirements/product.txt')['apache-airflow']} with" in text("docker-compose.yaml")
    assert re.search(r"image: postgres:\d+\.\d+-\w+\n", text("docker-compose.yaml"))
    version = re.search(r'^version = "(.+)"$', text("pyproject.toml"), re.MULTILINE)
    assert version
    assert f"image: parity:{version[1]}\n" in text("docker-compose.yaml")


def test_the_image_copies_what_exists_and_what_the_context_lets_through() -> None:
    ignored = text(".dockerignore").splitlines()
    for line in re.findall(r"^COPY (.+)$", text("Dockerfile"), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (PROJECT / source).exists(), source
            top = source.split("/")[0]
            assert f"!{top}" in ignored or f"!{top}/" in ignored, source


def test_the_image_has_no_sandbox_and_no_root() -> None:
    assert "include/parity_sandbox/" in text(".dockerignore").splitlines()
    users = re.findall(r"^USER (\S+)$", text("Dockerfile"), re.MULTILINE)
    assert users == ["50000:0"]
    assert text("Dockerfile").rindex("USER") > text("Dockerfile").rindex("RUN")


def test_no_url_holds_a_password_and_its_drivers_are_installed(services: dict[str, dict[str, Any]]) -> None:
    locked = pins("requirements/production.txt")
    environment = services["scheduler"]["environment"]
    urls = re.findall(r"postgresql\+\w+:[^}\s]+", " ".join(filter(None, environment.values())))
    assert urls == ["postgresql+psycopg2:///airflow", "postgresql+psycopg2:///parity"]
    # Airflow asks asynchronously, too; both drivers take the rest from these.
    assert {"psycopg2-binary", "asyncpg"} <= set(locked)
    assert {"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE"} <= set(environment)


def _without_comments() -> str:
    return re.sub(r"^\s*#.*$", "", text("docker-compose.yaml"), flags=re.MULTILINE)


def _commands(services: dict[str, dict[str, Any]]) -> Iterator[list[str]]:
    for service in services.values():
        for words in (service.get("command"), service.get("healthcheck", {}).get("test", ["CMD"])[1:]):
            if not words:
                continue
            file = words[1].removeprefix("/opt/parity/") if words[0] == "sh" and words[1] != "-c" else None
            script = text(file).splitlines() if file else None
            yield from (
                [line.split() for line in script if line.strip()]
                if script
                else [words[2:] if words[:2] == LAST else list(words)]
            )


def _check_airflow(words: list[str], commands: dict[str, Any]) -> None:
    command = commands[words[0]]
    rest = words[1:]
    if hasattr(command, "subcommands"):
        command = {sub.name: sub for sub in command.subcommands}[rest.pop(0)]
    flags = {flag for argument in command.args for flag in argument.flags}
    assert {word for word in rest if word.startswith("-")} <= flags, words
