"""What a superuser can do: change the tables with the triggers off."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from portal.audit.seal_triggers import install_seal_triggers, remove_seal_triggers
from portal.audit.triggers import install_triggers, remove_triggers


@contextmanager
def triggers_off() -> Iterator[None]:
    """Within the test's own transaction: the triggers come back with it."""
    with connection.schema_editor(atomic=False) as editor:
        remove_triggers(None, editor)  # type: ignore[arg-type]
        remove_seal_triggers(None, editor)  # type: ignore[arg-type]
    yield
    with connection.schema_editor(atomic=False) as editor:
        install_triggers(None, editor)  # type: ignore[arg-type]
        install_seal_triggers(None, editor)  # type: ignore[arg-type]


def run(*statements: str, parameters: Sequence[object] = ()) -> None:
    """SQL as it is, past every model."""
    with triggers_off(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, parameters)
