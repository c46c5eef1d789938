"""The main job at the level of services: asked, approved, executed at the sandbox, verified, recorded."""

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import SealedSecret
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, approve, request_reimage, run


def test_it_reimages_a_managed_windows_machine_with_a_new_password(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    before = azure.machine("web-02")
    parameters = ReimageParameters(admin_password="Correct-Horse-7")
    reimage_request = run(approve(bob, request_reimage(alice, "web-02", parameters=parameters)), azure)

    operation = reimage_request.operations.get()
    assert (reimage_request.state, operation.state) == (RequestState.COMPLETED, OperationState.SUCCEEDED)
    (post,) = accepted_posts(azure)
    assert post["api_version"] == "2024-07-01"
    assert list(post["body"]) == ["osProfile"]
    assert post["client_request_id"] == str(operation.client_request_id)
    assert azure.machine("web-02") != before
    assert not SealedSecret.objects.exists()
    assert list(
        AuditEvent.objects.filter(subject=reimage_request.audit_subject)
        .order_by("sequence")
        .values_list("action", flat=True)
    ) == [
        "reimage_request.submitted",
        "reimage_request.approved",
        "preflight.started",
        "reimage_operation.intended",
        "reimage_operation.accepted",
        "azure_operation.ended",
        "reimage_operation.succeeded",
        "reimage_request.finished",
    ]


def test_it_changes_the_delete_option_before_the_reimage(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = request_reimage(alice, "web-03", change=DeleteOptionChange.DETACH)
    run(approve(bob, reimage_request), azure)

    assert reimage_request.operations.get().state == OperationState.SUCCEEDED
    verbs = [entry["method"] for entry in azure.ledger(vm="web-03") if entry["method"] in ("PATCH", "POST")]
    assert verbs == ["PATCH", "POST"]


def test_it_reimages_an_ephemeral_machine_without_a_body(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = run(approve(bob, request_reimage(alice, "web-01")), azure)

    assert reimage_request.state == RequestState.COMPLETED
    (post,) = accepted_posts(azure)
    assert post["body"] is None
