"""What a rebuild does: the projections alone run again over the whole log, and nothing acts."""

from __future__ import annotations

from typing import Any

from services.kernel.handlers import Kind
from services.kernel.ports import Transaction
from services.kernel.service import Context

_WHOLE = 10_000


def rebuilt(context: Context, table: str, columns: str, emptied: str = "") -> tuple[list[Any], list[Any]]:
    """Return the rows of a table before it is emptied and after its projections have run again.

    Of a table whose rows are the service's own, `emptied` sets what events told of them: `report = NULL`.
    """

    def piece(transaction: Any) -> tuple[list[Any], list[Any]]:
        before = _rows(transaction, table, columns)
        transaction.execute(f"UPDATE {table} SET {emptied}" if emptied else f"DELETE FROM {table}")
        transaction.projecting = True
        try:
            _project(context, transaction)
        finally:
            transaction.projecting = False
        return before, _rows(transaction, table, columns)

    return context.database.call(piece)


def _rows(transaction: Transaction, table: str, columns: str) -> list[Any]:
    found: list[Any] = transaction.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()
    return found


def _project(context: Context, transaction: Transaction) -> None:
    handlers, bus = context.definition.handlers, context.bus
    assert bus is not None
    for partition in bus.partitions():
        for delivery in bus.fetch(partition, 0, handlers.interest(), _WHOLE):
            handler = handlers.by_type.get(delivery.envelope.type)
            for kind, function in handler.steps if handler else ():
                if handler and kind is Kind.PROJECTION:
                    event = handler.event.read(delivery.envelope.data, delivery.envelope.personal)
                    function(transaction, event, delivery.envelope)
