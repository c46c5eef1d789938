"""Whose browser the pages of this folder are opened in, unless a test says otherwise."""

import pytest
from django.test import Client

from portal.identity.models import User
from tests.cast import client_of


@pytest.fixture
def visitor(alice: User) -> Client:
    """Alice's browser."""
    return client_of(alice)
