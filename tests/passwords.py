"""Requests whose password comes after the approval, for tests of both ways."""

from hashlib import sha256
from typing import Any

from django.utils import timezone

from reimage.domain.parameters import ReimageParameters
from reimage.domain.passwords import PasswordMode
from reimage.models import ReimageOperation, ReimageRequest
from reimage.services import awaited_passwords, password_views
from reimage.services.password_views import Asked, Shown
from tests.sandbox_process import SandboxProcess
from tests.stories import posts

PASSWORD = "Correct-Horse-7"
AT_RELEASE = ReimageParameters(promised_password=PasswordMode.AT_RELEASE)
GENERATED = ReimageParameters(promised_password=PasswordMode.GENERATED)


def give(reimage_request: ReimageRequest, *operations: ReimageOperation, password: str = PASSWORD) -> None:
    """The requester gives it for these machines, or for all."""
    chosen = operations or reimage_request.operations.all()
    awaited_passwords.give_password(
        requester=reimage_request.requester,
        reimage_request_id=reimage_request.pk,
        operation_ids=[operation.pk for operation in chosen],
        password=password,
        now=timezone.now(),
    )


def show_password(**pressed: Any) -> Shown | Asked:
    """The requester's button, without a page around what it shows."""
    return password_views.show_password(hand_over=lambda shown: shown, **pressed)


def password_hash_at_azure(sandbox: SandboxProcess, vm: str = "") -> Any:
    """What the ledger keeps of the one password that arrived."""
    (post,) = posts(sandbox, vm)
    return post["body"]["osProfile"]["adminPassword"]


def seen_by_azure(sandbox: SandboxProcess, password: str) -> bool:
    """Whether this is the one password that arrived."""
    return bool(password_hash_at_azure(sandbox) == {"sha256": sha256(password.encode()).hexdigest()})
