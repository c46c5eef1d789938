"""People as rows."""

import uuid

import pytest
from django.db import IntegrityError

from portal.identity.models import User
from tests.cast import ALICE, FOREIGN_TENANT_ID, TENANT_ID, make_user


def test_a_person_is_one_row(alice: User) -> None:
    with pytest.raises(IntegrityError):
        make_user(ALICE, display_name="Another Alice")


@pytest.mark.asvs("V6.8.1", "V8.4.1")
def test_the_same_object_id_in_another_tenant_is_another_person(alice: User) -> None:
    make_user(ALICE, tenant_id=FOREIGN_TENANT_ID)
    assert User.objects.with_principal_key(TENANT_ID, ALICE.object_id) == alice
    assert User.objects.count() == 2


def test_somebody_who_never_signed_in_is_nobody(alice: User) -> None:
    assert User.objects.with_principal_key(TENANT_ID, uuid.uuid4()) is None


def test_a_person_is_shown_by_name(alice: User) -> None:
    assert str(alice) == "Alice Aoki"
