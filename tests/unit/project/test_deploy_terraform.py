"""The Terraform of ``deploy``: formatted, and in step with the files that it reads."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from unit.project.places import PROJECT, text

MODULES = sorted(path.parent for path in (PROJECT / "deploy").rglob("*.tf"))
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
VARIABLE = re.compile(r'^variable "(\w+)"', re.MULTILINE)


def test_what_the_aws_policy_leaves_open_is_what_terraform_fills_in() -> None:
    module = text("deploy/aws/main.tf")
    template = re.search(r'templatefile\("\$\{path\.module\}/policy\.json", \{(.*?)\n  \}\)', module, re.DOTALL)
    assert template
    filled = set(re.findall(r"^ +(\w+) +=", template[1], re.MULTILINE))
    assert filled == set(PLACEHOLDER.findall(text("deploy/aws/policy.json")))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_variable_is_used(module: object) -> None:
    for path in sorted(module.glob("*.tf")):  # type: ignore[attr-defined]
        written = path.read_text(encoding="utf-8")
        declared, used = set(VARIABLE.findall(written)), set(re.findall(r"\bvar\.(\w+)", written))
        assert declared == used


@pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform is not installed")
def test_terraform_files_are_formatted() -> None:
    command = ["terraform", "fmt", "-check", "-recursive", str(PROJECT / "deploy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
