"""A work written down as JSON, for judging offline what would be submitted."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field, NonNegativeInt, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from services.campaigns.findings import Frozen

Said: TypeAlias = str | list[str] | int | float | bool | None
Held: TypeAlias = NonNegativeInt | list[str]


def _of_a_field(value: object, read: ValidatorFunctionWrapHandler) -> object:
    return _or("应为文字、数字、true或false，或由文字组成的列表", value, read)


def _of_a_slot(value: object, read: ValidatorFunctionWrapHandler) -> object:
    return _or("应为文件的个数（整数，应不小于0），或由文件名组成的列表", value, read)


def _or(asked: str, value: object, read: ValidatorFunctionWrapHandler) -> object:
    """Say once what is asked, where each kind allowed would say it for itself."""
    try:
        return read(value)
    except ValidationError:
        raise ValueError(asked) from None


class WorkFile(Frozen):
    """`fields`: field id → text, option or list of texts. `slots`: slot id → number of files, or their names.

    Without `track` the campaign's first is meant.
    """

    unit_type: str
    track: str | None = None
    fields: dict[str, Annotated[Said, WrapValidator(_of_a_field)]] = Field(default_factory=dict)
    slots: dict[str, Annotated[Held, WrapValidator(_of_a_slot)]] = Field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return the number of files of each slot."""
        return {name: held if isinstance(held, int) else len(held) for name, held in self.slots.items()}
