"""Reads the few Resource Graph queries that an inventory asks. Not a query engine: what it cannot read it refuses."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
_PATH = r"[A-Za-z_][\w.]*"
_TYPE_FILTER = re.compile(r"type\s*(?:=~|==)\s*['\"]([^'\"]+)['\"]", re.IGNORECASE)
_COLUMN = re.compile(rf"(?:(?P<alias>\w+)\s*=\s*)?(?:(?P<function>tostring|tolower)\(\s*)?(?P<path>{_PATH})\s*\)?")
_MACHINES = "microsoft.compute/virtualmachines"


class UnreadableQueryError(ValueError):
    """The query asks for more than the sandbox knows."""


@dataclass(frozen=True)
class Column:
    name: str
    path: tuple[str, ...]
    convert: Callable[[Any], Any]

    def value_in(self, row: Row) -> Any:
        value: Any = row
        for step in self.path:
            value = value.get(step) if isinstance(value, dict) else None
        return self.convert(value)


@dataclass
class Query:
    wants_machines: bool = False
    is_ordered_by_id: bool = False
    extended: list[Column] = field(default_factory=list)
    projected: list[Column] = field(default_factory=list)

    def project(self, row: Row) -> Row:
        for column in self.extended:
            row[column.name] = column.value_in(row)
        return {column.name: column.value_in(row) for column in self.projected} if self.projected else row


def parse(text: str) -> Query:
    """Raises UnreadableQueryError, which says which part it cannot read."""
    table, *operators = (part.strip() for part in text.split("|"))
    if table.lower() != "resources":
        raise UnreadableQueryError(f"The sandbox knows the table Resources only, not '{table}'.")
    query = Query()
    for operator in operators:
        _apply(operator, query)
    return query


def _apply(operator: str, query: Query) -> None:
    verb, _, rest = re.sub(r"\s+", " ", operator).partition(" ")
    if verb == "where" and (found := _TYPE_FILTER.fullmatch(rest)):
        query.wants_machines = found[1].lower() == _MACHINES
    elif verb == "project":
        query.projected = _columns(rest)
    elif verb == "extend":
        query.extended += _columns(rest)
    elif verb in ("order", "sort") and rest == "by id asc":  # plain "by id" would be descending
        query.is_ordered_by_id = True
    else:
        raise UnreadableQueryError(f"The sandbox cannot read '| {operator}'.")


def _columns(text: str) -> list[Column]:
    return [_column(part.strip()) for part in text.split(",")]


def _column(text: str) -> Column:
    found = _COLUMN.fullmatch(text)
    if found is None:
        raise UnreadableQueryError(f"The sandbox cannot read the column '{text}'.")
    convert = {"tostring": _to_string, "tolower": _to_lower}.get(found["function"] or "", _as_it_is)
    return Column(found["alias"] or found["path"].replace(".", "_"), tuple(found["path"].split(".")), convert)


def _as_it_is(value: Any) -> Any:
    return value


def _to_string(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return "" if value is None else str(value)


def _to_lower(value: Any) -> str:
    return _to_string(value).lower()
