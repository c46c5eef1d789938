"""Fixtures of the review pages."""

import pytest
from django.test import Client

from portal.identity.models import User
from tests.cast import client_of


@pytest.fixture
def auditor(carol: User) -> Client:
    """Carol's browser."""
    return client_of(carol)
