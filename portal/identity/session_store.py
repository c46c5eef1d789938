"""Django's sessions in the database, by person, for keys that could be ours.

A cookie made by hand never reaches the database.
"""

import re
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError

from portal.database_trouble import is_trouble
from portal.identity.models import Session

OUR_KEYS = re.compile(r"[a-z0-9]{32}")  # as SessionBase._get_new_session_key makes them


class SessionStore(db.SessionStore):
    """Takes any other key for none. PostgreSQL meets a null character in one with an error."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = cast(Session, super().create_model_instance(data))
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        return row

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and OUR_KEYS.fullmatch(key))

    def save(self, must_create: bool = False) -> None:  # Django's own signature
        """Raises what the database raised; Django takes all of it for a session that is gone, and answers 400."""
        try:
            super().save(must_create)
        except UpdateError as err:
            if is_trouble(err.__context__):
                raise err.__context__ from None
            raise
