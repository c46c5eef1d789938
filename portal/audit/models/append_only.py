"""The refusal that code meets before it comes to the database's own."""

from typing import Any, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model, covariant=True)


class AppendOnlyError(TypeError):
    """Code tried to change or remove what has been recorded."""


def refuse(what: str) -> NoReturn:
    """Raises AppendOnlyError."""
    raise AppendOnlyError(f"The audit log is append-only: {what} is refused. Record a further event instead.")


class AppendOnlyQuerySet(models.QuerySet[Row]):
    """Reads and adds."""

    def update(self, **kwargs: Any) -> NoReturn:
        refuse("update()")

    def delete(self) -> NoReturn:
        refuse("delete()")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        refuse("bulk_update()")
