"""What every DICOM object that is exported says of itself: new UIDs, the equipment, the research notice."""

from __future__ import annotations

from typing import Any

import highdicom as hd

from medmo_desktop.keeping.record import CaseRecord
from medmo_models import __version__
from medmo_runtime.overlay import RESEARCH_NOTICE

PRODUCT = "MedMO Edge"


def object_identity(record: CaseRecord) -> dict[str, Any]:
    """Return the keyword arguments that highdicom's objects share, for a new object in a series of its own."""
    return {
        "series_instance_uid": hd.UID(),
        "series_number": 1,
        "sop_instance_uid": hd.UID(),
        "instance_number": 1,
        "manufacturer": PRODUCT,
        "manufacturer_model_name": PRODUCT,
        "software_versions": __version__,
        "device_serial_number": "none" if record.model is None else record.model.id[:16],
        "series_description": RESEARCH_NOTICE,
        "specific_character_set": "ISO_IR 192",
    }
