import dataclasses
import json

import pytest

from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange, PlanDocumentError, ReimagePlan, Severity, Step, build_plan
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import DeleteOption, ImageReference, OsType
from tests.domain.samples import COMMITMENT, EPHEMERAL, GOOD_PASSWORD, SUBSCRIPTION, WEB_02

PLAN = build_plan(
    WEB_02,
    ReimageParameters(exact_version="1.0", admin_password=GOOD_PASSWORD, custom_data="YQ=="),
    delete_option_change=DeleteOptionChange.DELETE,
    password_commitment=COMMITMENT,
)
OTHERWISE = {
    "resource_id": VirtualMachineId(SUBSCRIPTION, "rg-web", "web-04"),
    "vm_id": "another",
    "location": "japanwest",
    "os_type": OsType.LINUX,
    "image": ImageReference(id="another"),
    "os_disk_id": "another",
    "os_disk_name": "another",
    "ephemeral": True,
    "size_gb": None,
    "storage_type": "Standard_LRS",
    "delete_option_before": DeleteOption.DELETE,
    "delete_option_at_reimage": DeleteOption.DETACH,
    "power_state": None,
    "provisioning_state": "Updating",
    "data_disk_count": 3,
    "body": {"exactVersion": "2.0"},
    "steps": (Step.REIMAGE,),
    "consequences": PLAN.consequences[1:],
}


@pytest.mark.parametrize("plan", [PLAN, build_plan(EPHEMERAL, ReimageParameters())])
def test_it_survives_being_stored_as_json(plan):
    stored = json.loads(json.dumps(plan.as_document()))
    assert ReimagePlan.from_document(stored) == plan
    assert ReimagePlan.from_document(stored).digest == plan.digest
    assert stored == plan.as_document()


def test_its_document_can_be_changed_without_changing_the_plan():
    document = PLAN.as_document()
    document["body"]["osProfile"]["adminPassword"] = "tampered"
    document["consequences"][0]["params"]["os_disk"] = "tampered"
    assert "tampered" not in repr(PLAN)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(ReimagePlan)])
def test_its_digest_binds_every_field(field):
    changed = dataclasses.replace(PLAN, **{field: OTHERWISE[field]})
    assert changed.digest != PLAN.digest


def test_its_digest_binds_what_a_consequence_says():
    first, *others = PLAN.consequences
    softened = dataclasses.replace(first, severity=Severity.INFO)
    assert dataclasses.replace(PLAN, consequences=(softened, *others)).digest != PLAN.digest


def test_its_digest_is_the_same_tomorrow():
    later = dataclasses.replace(WEB_02, read_at=WEB_02.read_at.replace(year=2026), tags={"env": "test"})
    plain = ReimageParameters()
    assert build_plan(later, plain).digest == build_plan(WEB_02, plain).digest
    assert len(PLAN.digest) == 64


def without(name):
    return {key: value for key, value in PLAN.as_document().items() if key != name}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        without("schema"),
        without("vm_id"),
        without("consequences"),
        PLAN.as_document() | {"schema": 2},
        PLAN.as_document() | {"surplus": 1},
        PLAN.as_document() | {"os_type": "Solaris"},
        PLAN.as_document() | {"resource_id": "web-02"},
        PLAN.as_document() | {"steps": None},
        PLAN.as_document() | {"image": {"surplus": 1}},
        PLAN.as_document() | {"consequences": [{"code": "os_disk_replaced"}]},
    ],
)
@pytest.mark.asvs("V1.5.2", "V15.3.5")
def test_it_refuses_a_document_that_it_did_not_write(document):
    with pytest.raises(PlanDocumentError):
        ReimagePlan.from_document(document)
