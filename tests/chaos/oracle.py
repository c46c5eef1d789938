"""The judge: holds what the portal tells against what Azure saw and what people were told.

Pure. test_mutants.py takes true evidence, spoils it in each way that breaks a promise, and sees each one found.
"""

from tests.chaos.evidence import Evidence
from tests.chaos.judgement.case import Case
from tests.chaos.judgement.kept import lost
from tests.chaos.judgement.log import gaps
from tests.chaos.judgement.posts import duplicates, overlaps, unapproved
from tests.chaos.judgement.states import mismatches
from tests.chaos.judgement.undecidable import is_undecidable
from tests.chaos.verdict import Verdict


def judge(evidence: Evidence) -> Verdict:
    """Every promise against all the evidence."""
    case = Case(evidence)
    return Verdict(
        duplicate_posts=list(duplicates(case)),
        unapproved_posts=list(unapproved(case)),
        overlaps=list(overlaps(case)),
        lost=list(lost(case)),
        state_mismatches=list(mismatches(case)),
        audit_gaps=list(gaps(case)),
        secret_leaks=list(evidence.leaks),
        accepted_posts=sum(post.accepted for post in evidence.posts),
        needs_attention=sum(operation.state == "needs_attention" for operation in evidence.operations),
        undecidable_injected=sum(is_undecidable(case, operation) for operation in evidence.operations),
    )
