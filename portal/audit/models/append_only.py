"""The refusal that code meets before it comes to the database's own."""

from typing import NoReturn


class AppendOnlyError(TypeError):
    """Code tried to change or remove what has been recorded."""


def refuse(what: str) -> NoReturn:
    """Raises AppendOnlyError."""
    raise AppendOnlyError(f"The audit log is append-only: {what} is refused. Record a further event instead.")
