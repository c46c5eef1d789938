"""A stored plan as pages show it: words, badges, picture and body. Reads the plan only; decides nothing."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from reimage import wording
from reimage.disk_picture import disk_parts
from reimage.domain.consequences import ABOUT_DELETE_OPTION, Consequence, Severity
from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import DeleteOption
from reimage.models import ReimageOperation, ReimageRequest
from reimage.services.errors import plan_of
from reimage.templatetags.plan_picture import PlanPart

ORDER = [Severity.DANGER.value, Severity.WARNING.value, Severity.INFO.value]


@dataclass(frozen=True, slots=True)
class Statement:
    """One consequence in words; severity is danger, warning or info."""

    text: str
    severity: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """One machine of a request. `parts` are the rows of its picture."""

    operation: ReimageOperation
    plan: ReimagePlan
    statements: list[Statement]
    staying: list[str]
    undocumented: list[str]
    parts: list[PlanPart]
    body: str
    note: str
    findings: list[str]


FATES: Mapping[str, str] = {DeleteOption.DELETE: "deleted", DeleteOption.DETACH: "kept"}


@dataclass(frozen=True, slots=True)
class Fates:
    """How many old OS disks will be deleted, lost with their ephemeral contents, and kept."""

    deleted: int
    lost: int
    kept: int


def fates_of(operations: Iterable[ReimageOperation]) -> Fates:
    """What becomes of the old OS disks of a whole request; read straight from the stored plans, as lists are long."""
    counts = Counter(_fate(operation.stored_plan) for operation in operations)
    return Fates(counts["deleted"], counts["lost"], counts["kept"])


def _fate(plan: Mapping[str, Any]) -> str:
    if plan.get("ephemeral"):
        return "lost"
    return FATES.get(plan.get("delete_option_at_reimage", ""), "")


def plan_views(reimage_request: ReimageRequest) -> list[PlanView]:
    """Every machine of the request, in its order."""
    return [plan_view(operation) for operation in reimage_request.operations.all()]


def plan_view(operation: ReimageOperation) -> PlanView:
    """The deleteOption warnings are those shown at the request, word for word, where the language has them."""
    plan = plan_of(operation)
    others = [item for item in plan.consequences if item.code not in ABOUT_DELETE_OPTION]
    grave = [item for item in others if item.severity is not Severity.INFO]
    calm = [item for item in others if item.severity is Severity.INFO]
    statements = [*_warnings(operation, plan), *[Statement(text, item.severity) for item, text in _texts(grave)]]
    return PlanView(
        operation=operation,
        plan=plan,
        statements=sorted(statements, key=lambda statement: ORDER.index(statement.severity)),
        staying=[text for item, text in _texts(calm) if not _is_undocumented(item)],
        undocumented=[text for item, text in _texts(calm) if _is_undocumented(item)],
        parts=disk_parts(plan),
        body=body_text(plan.body),
        note=wording.note_text(operation.note),
        findings=wording.finding_texts(operation.findings),
    )


def body_text(body: Any) -> str:
    """The request body as JSON, secrets by their fingerprints; empty where none is sent."""
    return json.dumps(body, indent=2, ensure_ascii=False) if body else ""


def _texts(consequences: Iterable[Consequence]) -> list[tuple[Consequence, str]]:
    return [(item, wording.consequence_text(item)) for item in consequences]


def _is_undocumented(consequence: Consequence) -> bool:
    return consequence.code.value.endswith("_undocumented")


def _warnings(operation: ReimageOperation, plan: ReimagePlan) -> list[Statement]:
    shown = operation.warnings_shown.get(get_language() or "en")
    words = shown or [wording.consequence_text(item) for item in plan.delete_option_warnings]
    severities = [item.severity.value for item in plan.delete_option_warnings]
    return [Statement(text, severity) for text, severity in zip(words, severities, strict=False)] or [
        Statement(text, Severity.WARNING.value) for text in words
    ]
