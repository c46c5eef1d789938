"""A stored plan as pages show it: words, badges, picture and body. Reads the plan only; decides nothing."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from reimage import wording
from reimage.domain.consequences import ABOUT_DELETE_OPTION, Severity
from reimage.domain.plan import ReimagePlan
from reimage.models import ReimageOperation, ReimageRequest


@dataclass(frozen=True, slots=True)
class Statement:
    """One consequence in words; severity is danger, warning or info."""

    text: str
    severity: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """One machine of a request."""

    operation: ReimageOperation
    plan: ReimagePlan
    warnings: list[Statement]
    consequences: list[Statement]
    body: str
    note: str
    findings: list[str]


def plan_views(reimage_request: ReimageRequest) -> list[PlanView]:
    """Every machine of the request, in its order."""
    return [plan_view(operation) for operation in reimage_request.operations.all()]


def plan_view(operation: ReimageOperation) -> PlanView:
    """The deleteOption warnings are those shown at the request, word for word, where the language has them."""
    plan = ReimagePlan.from_document(operation.plan)
    others = [item for item in plan.consequences if item.code not in ABOUT_DELETE_OPTION]
    return PlanView(
        operation=operation,
        plan=plan,
        warnings=_warnings(operation, plan),
        consequences=[Statement(wording.consequence_text(item), item.severity.value) for item in others],
        body=body_text(plan.body),
        note=wording.note_text(operation.note),
        findings=[wording.note_text(finding) for finding in operation.findings],
    )


def body_text(body: Any) -> str:
    """The request body as JSON, secrets by their fingerprints; empty where none is sent."""
    return json.dumps(body, indent=2, ensure_ascii=False) if body else ""


def _warnings(operation: ReimageOperation, plan: ReimagePlan) -> list[Statement]:
    shown = operation.warnings_shown.get(get_language() or "en")
    words = shown or [wording.consequence_text(item) for item in plan.delete_option_warnings]
    severities = [item.severity.value for item in plan.delete_option_warnings]
    return [Statement(text, severity) for text, severity in zip(words, severities, strict=False)] or [
        Statement(text, Severity.WARNING.value) for text in words
    ]
