"""How Django learns who is signed in: by verified claims, never by a password."""

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from portal.identity.claims import Claims
from portal.identity.groups import Memberships
from portal.identity.models import User
from portal.identity.services import remember_person


class EntraBackend(BaseBackend):
    """Takes the claims of a token that tokens.py has verified."""

    def authenticate(  # type: ignore[override]  # Django asks a backend only if the credentials fit its signature
        self, request: HttpRequest | None, *, claims: Claims, memberships: Memberships
    ) -> User:
        return remember_person(claims=claims, memberships=memberships)

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id).first()
