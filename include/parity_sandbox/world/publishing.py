"""Where the migrated scripts live, and where Databricks finds what was published of them."""

from __future__ import annotations

from pathlib import Path

from parity_sandbox.world.places import HERE, JOBS, NOTEBOOKS, VOLUME

HELPER = HERE.parents[1] / "parity" / "helper_job" / "export.py"
"""The helper job's script: the product's own."""


def migrated_script(activity: str) -> str:
    """Return the faithful script of an activity."""
    return (JOBS / "migrated" / f"{activity}.py").read_text(encoding="utf-8")


def volume(state: Path) -> Path:
    """Return the folder that Databricks sees as ``/Volumes/main/payments/jobs``."""
    folder = state / "volumes" / VOLUME
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def notebooks(state: Path) -> Path:
    """Return the folder that Databricks sees as ``/Workspace/Shared/payments``."""
    folder = state / "workspace" / NOTEBOOKS
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def publish_script(state: Path, activity: str, text: str) -> None:
    """Put a script where its job finds it, in one step: a run that starts meanwhile sees all or nothing."""
    notebook = text.startswith("# Databricks notebook source")
    folder = notebooks(state) if notebook else volume(state)
    _replace(folder / f"{activity}.py", text)


def publish_helper(state: Path) -> None:
    """Put the helper job's script where Databricks finds it."""
    _replace(volume(state) / "export.py", HELPER.read_text(encoding="utf-8"))


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
