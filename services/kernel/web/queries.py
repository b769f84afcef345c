"""A request's query: closed to what its route does not know, as bodies are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from pydantic import AfterValidator, BaseModel, StringConstraints
from starlette.datastructures import QueryParams

from services.kernel.errors import Problem
from services.kernel.text import hidden_at
from services.kernel.web.texts import hidden
from services.kernel.web.validation import validation_problem

MAX_SHOWN = 40
EXTRA = "extra_forbidden"


def _cursor(text: str) -> str:
    try:
        if not text or str(UUID(text)) == text:
            return text
    except ValueError:
        pass
    raise ValueError("翻页的位置应为上一页回答中的next，请原样传回。")


Cursor = Annotated[str, StringConstraints(max_length=64), AfterValidator(_cursor)]
"""Where a page begins: the `next` of the page before, which is an id; empty for the first one."""


def query_names(dependant: Dependant) -> frozenset[str]:
    """Return the names that a route's query may hold: its parameters', and those that a dependency reads by itself."""
    own = [name for field in dependant.query_params for name in _names(field)]
    read = getattr(dependant.call, "query_names", ())
    return frozenset((*own, *read)).union(*(query_names(inner) for inner in dependant.dependencies))


def _names(field: Any) -> Iterable[str]:
    """A model stands for its fields."""
    annotation = field.field_info.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (inner.alias or name for name, inner in annotation.model_fields.items())
    return (field.alias,)


def check_query(query: QueryParams, dependant: Dependant, known: Collection[str]) -> None:
    """Raise `Unprocessable` for parameters that a route does not know, with every other fault of the query.

    Raises it for a text with what no reader sees, too.
    """
    for name, text in query.multi_items():
        for held in (name, text):
            if (place := hidden_at(held)) is not None:
                raise hidden(held, place, () if held is name else (name,), place_of="query")
    if unknown := sorted({name for name, _ in query.multi_items()} - set(known)):
        raise _refused(unknown, sorted(known), request_params_to_args(dependant.query_params, query)[1])


def _refused(unknown: Sequence[str], known: Sequence[str], others: Sequence[Any]) -> Problem:
    extra = [{"type": EXTRA, "loc": ("query", name[:MAX_SHOWN]), "msg": "unknown parameter"} for name in unknown]
    hint = f"可用的查询参数：{'、'.join(known)}。" if known else "这里没有查询参数。"
    return validation_problem([*extra, *(one for one in others if one["type"] != EXTRA)], hint=hint, known=known)
