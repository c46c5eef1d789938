"""Shape and constraints of what is stored. Only reimage.services writes; state moves by compare-and-set."""

from reimage.models.access_grant import AccessGrant, GrantRole, PrincipalKind
from reimage.models.approval_decision import ApprovalDecision, DecisionOutcome
from reimage.models.execution_alarm import AlarmKind, ExecutionAlarm
from reimage.models.execution_pause import ExecutionPause
from reimage.models.notice import Notice, NoticeKind
from reimage.models.password_view import PasswordView
from reimage.models.reimage_breaker import ReimageBreaker
from reimage.models.reimage_operation import ReimageOperation
from reimage.models.reimage_request import ReimageRequest
from reimage.models.sealed_secret import SealedSecret, SecretField
from reimage.models.update_bucket import UpdateBucket
from reimage.models.virtual_machine import VirtualMachine, VirtualMachineTag

__all__ = [
    "AccessGrant",
    "AlarmKind",
    "ApprovalDecision",
    "DecisionOutcome",
    "ExecutionAlarm",
    "ExecutionPause",
    "GrantRole",
    "Notice",
    "NoticeKind",
    "PasswordView",
    "PrincipalKind",
    "ReimageBreaker",
    "ReimageOperation",
    "ReimageRequest",
    "SealedSecret",
    "SecretField",
    "UpdateBucket",
    "VirtualMachine",
    "VirtualMachineTag",
]
