"""When a suite runs: at times, or when assets are updated."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag


class AssetSchedule(BaseModel):
    """Run when Airflow's assets are updated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    assets: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1, description="Names; a run starts when all of them were updated."
    )
    by_date: bool = Field(
        default=False,
        description="Updates have a business date as their partition, and a run is of that date."
        " Off: of the day before it.",
    )

    def __str__(self) -> str:
        """Return it in words."""
        return f"{', '.join(self.assets)} updated{' for a date' if self.by_date else ''}"


def _kind_of_schedule(value: object) -> str:
    return "waits" if isinstance(value, dict | AssetSchedule) else "cron"


Schedule = Annotated[
    Annotated[str, Tag("cron")] | Annotated[AssetSchedule, Tag("waits")], Discriminator(_kind_of_schedule)
]
