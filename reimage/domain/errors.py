"""What the rules say when they refuse: findings as data, never as sentences.

The text of a finding is rendered elsewhere, by its code, in the reader's language.
"""

import dataclasses
from collections.abc import Iterable, Mapping


class DomainError(Exception):
    """Base of everything that the rules raise."""


@dataclasses.dataclass(frozen=True, slots=True)
class RuleViolation:
    """One rule that one field breaks. Parameters hold limits and names, never a secret or a posted value."""

    field: str
    code: str
    params: Mapping[str, str | int] = dataclasses.field(default_factory=dict, hash=False)


class RuleViolationError(DomainError):
    """Raised where violations should have been shown to a person before."""

    def __init__(self, violations: Iterable[RuleViolation]) -> None:
        self.violations = tuple(violations)
        super().__init__(", ".join(f"{violation.field}: {violation.code}" for violation in self.violations))
