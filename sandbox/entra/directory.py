"""Who is signed in where, and which codes and refresh tokens are out. Knows no HTTP and signs nothing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from uuid import uuid4

from sandbox.people import Person, cast

CODE_LIFETIME = timedelta(minutes=10)


@dataclass
class Session:
    """One browser at Entra: which people have signed in there, and when (real time)."""

    id: str = field(default_factory=lambda: str(uuid4()))
    signed_in_at: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Grant:
    """What a person agreed to: enough to issue tokens later. Times are real time."""

    client_id: str
    person_oid: str
    session_id: str
    auth_time: datetime
    scope: str
    redirect_uri: str = ""
    nonce: str = ""
    code_challenge: str = ""
    context: str = ""


@dataclass
class Code:
    grant: Grant
    expires_at: datetime
    is_redeemed: bool = False


class Directory:
    def __init__(self) -> None:
        self.people: dict[str, Person] = cast()
        self.sessions: dict[str, Session] = {}
        self.codes: dict[str, Code] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        self.next_tamper: str | None = None

    def person_named(self, hint: str) -> Person | None:
        """The person behind a login_hint: a username, or an object id."""
        wanted = hint.lower()
        return next((p for p in self.existing() if wanted in (p.username, p.oid)), None)

    def existing(self) -> list[Person]:
        """Everybody who was not deleted; a disabled account can still be picked."""
        return [person for person in self.people.values() if not person.is_deleted]

    def session(self, session_id: str | None) -> Session | None:
        return self.sessions.get(session_id or "")

    def sign_in(self, session_id: str | None, person: Person, at: datetime) -> Session:
        session = self.session(session_id) or Session()
        session.signed_in_at[person.oid] = at
        self.sessions[session.id] = session
        return session

    def issue_code(self, grant: Grant, now: datetime) -> str:
        code = token_urlsafe(32)
        self.codes[code] = Code(grant, now + CODE_LIFETIME)
        return code

    def issue_refresh_token(self, grant: Grant) -> str:
        token = token_urlsafe(32)
        self.refresh_tokens[token] = grant
        return token

    def take_tamper(self) -> str | None:
        tamper, self.next_tamper = self.next_tamper, None
        return tamper
