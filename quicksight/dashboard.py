"""A dashboard: its sheets, what a reader chooses from, and the data sets that both need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from quicksight.controls import Choice, Control
from quicksight.data_set import DataSet
from quicksight.data_sets import DATA_SETS
from quicksight.fields import JsonObject
from quicksight.label import Label
from quicksight.sheets import Sheet, dashboard_definition, shows


def example_arn(data_set_id: str) -> str:
    """Return an ARN of the right form, for drawing and checking without an account."""
    return f"arn:aws:quicksight:ap-northeast-2:111122223333:dataset/{data_set_id}"


@dataclass(frozen=True)
class Dashboard:
    """One dashboard of the account; its id is fixed for ever, as are those of all that is in it."""

    dashboard_id: str
    name: Label
    description: Label
    sheets: tuple[Sheet, ...]
    controls: tuple[Control, ...] = ()

    @property
    def data_sets(self) -> tuple[DataSet, ...]:
        """The data sets that a visual shows or a control offers values of, as they are provisioned."""
        offered = {control.offered_by for control in self.controls if isinstance(control, Choice)}
        return tuple(
            data_set
            for data_set in DATA_SETS
            if data_set in offered or any(shows(sheet, data_set) for sheet in self.sheets)
        )

    def definition(
        self, *, time_zone: str = "UTC", data_set_arn: Callable[[str], str] = example_arn
    ) -> JsonObject:
        """Return the dashboard's `Definition`; times are shown in `time_zone`."""
        return dashboard_definition(
            self.sheets,
            self.data_sets,
            time_zone=time_zone,
            data_set_arn=data_set_arn,
            controls=self.controls,
        )
