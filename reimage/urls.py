"""The capability's addresses."""

from django.urls import path

from reimage.views import (
    access,
    attention,
    evidence,
    execution,
    machines,
    new_request,
    operations,
    password_views,
    passwords,
    requests,
    review,
    work,
)

app_name = "reimage"
urlpatterns = [
    path("", work.my_work, name="my-work"),
    path("approvals/", work.approvals, name="approvals"),
    path("machines/", machines.machines, name="machines"),
    path("machines/<int:machine_id>/", machines.machine, name="machine"),
    path("requests/", requests.requests, name="requests"),
    path("audit/sample", evidence.sample, name="requests-sample"),
    path("requests/new", new_request.new_request, name="request-new"),
    path("requests/new/check", new_request.check_field, name="request-check-field"),
    path("requests/new/versions", new_request.image_versions, name="request-image-versions"),
    path("requests/<int:reimage_request_id>/", requests.detail, name="request"),
    path("requests/<int:reimage_request_id>/review", review.review, name="request-review"),
    path("requests/<int:reimage_request_id>/progress", requests.progress, name="request-progress"),
    path("requests/<int:reimage_request_id>/approve", requests.approve, name="request-approve"),
    path("requests/<int:reimage_request_id>/reject", requests.reject, name="request-reject"),
    path("requests/<int:reimage_request_id>/cancel", requests.cancel, name="request-cancel"),
    path("requests/<int:reimage_request_id>/evidence.zip", evidence.evidence_pack, name="request-evidence"),
    path("requests/<int:reimage_request_id>/password", passwords.request_password, name="request-password"),
    path(
        "requests/<int:reimage_request_id>/operations/<int:operation_id>/password",
        password_views.operation_password,
        name="operation-password",
    ),
    path("attention/", attention.attention, name="attention"),
    path("attention/<int:operation_id>/", attention.case, name="attention-case"),
    path("operations/<int:operation_id>/settle", attention.settle, name="operation-settle"),
    path("execution/", execution.execution, name="execution"),
    path("execution/pause", execution.pause, name="execution-pause"),
    path("execution/resume", execution.resume, name="execution-resume"),
    path("execution/breakers/<uuid:subscription_id>/release", execution.release, name="execution-release"),
    path("requests/<int:reimage_request_id>/operations/<int:operation_id>/", operations.operation, name="operation"),
    path("access/", access.access, name="access"),
    path("access/<int:grant_id>/delete", access.delete_grant, name="access-delete"),
]
