"""A plan as the rows of its picture: each disk today, and what becomes of it. Short words, no sentences."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reimage.domain.consequences import ConsequenceCode
from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import DeleteOption
from reimage.templatetags.plan_picture import Fate, PlanPart


def disk_parts(plan: ReimagePlan) -> list[PlanPart]:
    """OS disk, old OS disk, temporary disk, data disks: in the order of the drawing."""
    return [*_os_disk(plan), _temp_disk(plan), *_data_disks(plan)]


def _os_disk(plan: ReimagePlan) -> Iterator[PlanPart]:
    if plan.ephemeral:
        yield PlanPart(
            Fate.LOST, _("Ephemeral OS disk"), _("Reset from the image"), plan.os_disk_name, _("Its contents are lost")
        )
        return
    yield PlanPart(Fate.NEW, _("OS disk"), _("New OS disk"), plan.os_disk_name, _("A fresh copy of the image"))
    if plan.delete_option_at_reimage is DeleteOption.DELETE:
        after, note = _("Old OS disk: DELETED"), _("It cannot be recovered")
        yield PlanPart(Fate.DELETED, _("Old OS disk"), after, plan.os_disk_name, note, is_there_today=False)
    else:
        after = _("Old OS disk: kept")
        yield PlanPart(
            Fate.KEPT, _("Old OS disk"), after, plan.os_disk_name, _cost_of_keeping(plan), is_there_today=False
        )


def _cost_of_keeping(plan: ReimagePlan) -> str:
    if plan.size_gb is None:
        return _("It goes on costing money")
    size = {"size_gb": plan.size_gb, "storage_type": plan.storage_type or ""}
    return _("%(size_gb)s GB %(storage_type)s: costs go on") % size


def _temp_disk(plan: ReimagePlan) -> PlanPart:
    if any(item.code is ConsequenceCode.TEMP_DISK_REIMAGED for item in plan.consequences):
        return PlanPart(Fate.LOST, _("Temporary disk"), _("Reimaged too"), note=_("Its contents are lost"))
    return PlanPart(Fate.UNDOCUMENTED, _("Temporary disk"), _("Not documented by Azure"))


def _data_disks(plan: ReimagePlan) -> Iterator[PlanPart]:
    if plan.data_disk_count:
        title = ngettext("%(count)s data disk", "%(count)s data disks", plan.data_disk_count)
        yield PlanPart(Fate.UNTOUCHED, title % {"count": plan.data_disk_count}, _("Not touched"))
