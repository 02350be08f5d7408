"""What the documents name exists, and what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from unit.project.places import PROJECT, pages, text

TARGET = re.compile(r"`make ([a-z0-9-]+)")
COMMAND = re.compile(r"(?:`|bin/|^)parity ([a-z][a-z-]*)(?: ([a-z]+))?", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")
SOURCE = re.compile(r"`(\w[\w/]*/\w+\.py)(?:: \w+)?`")
MACHINE = re.compile(r"(?<![\w.])/(?:work|home|root|Users|tmp)/")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere_and_no_path_is_of_one_machine(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    assert not MACHINE.search(content)
    for link in LINK.findall(content):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    roots = [PROJECT / root for root in ("", "include", "include/parity", "tests", "tests/unit/compare")]
    named = set(SOURCE.findall(page.read_text(encoding="utf-8")))
    assert [file for file in sorted(named) if not any((root / file).exists() for root in roots)] == []


def test_targets_that_are_named_exist() -> None:
    exist = set(re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE))
    named = {name for page in pages() for name in TARGET.findall(page.read_text(encoding="utf-8"))}
    assert {"demo", "test"} <= named <= exist


def test_commands_that_are_named_exist() -> None:
    from parity.cli import COMMANDS, cli

    named = {pair for page in pages() for pair in COMMAND.findall(page.read_text(encoding="utf-8"))}
    assert {first for first, _ in named} == set(COMMANDS)
    context = click.Context(cli)
    for first, second in named:
        command = cli.get_command(context, first)
        if isinstance(command, click.Group):
            assert not second or command.get_command(context, second), (first, second)


def test_every_setting_is_in_the_readme() -> None:
    from parity.settings import Settings

    documented = set(re.findall(r"^\| `PARITY_([A-Z0-9_]+)` \|", text("README.md"), re.MULTILINE))
    assert documented == {name.upper() for name in Settings.model_fields}


def test_every_key_of_a_suite_is_in_the_reference() -> None:
    from parity.suite import models

    reference = text("docs/suite.md")
    kinds = [m for m in vars(models).values() if isinstance(m, type) and issubclass(m, BaseModel)]
    for kind in kinds:
        for name in kind.model_fields:
            assert f"`{name}`" in reference, f"{kind.__name__}.{name}"


def test_the_changelog_has_an_unreleased_section() -> None:
    assert "\n## [Unreleased]\n" in text("CHANGELOG.md")


def test_hooks_need_no_network() -> None:
    import yaml

    repos = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert {repo["repo"] for repo in repos} == {"local"}
    assert all(hook["entry"].startswith(".venv/bin/") for repo in repos for hook in repo["hooks"])
    assert (PROJECT / ".pre-commit-config.yaml").exists()
