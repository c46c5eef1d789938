"""The type of an HTTP request that got past LoginRequiredMiddleware."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from portal.identity.models import User


class PersonRequest(HttpRequest):
    """For annotations only: somebody is signed in, and htmx is known."""

    user: User
    htmx: HtmxDetails
