"""De-identification of what an export takes over from a DICOM header, and the warning that pixels need.

Only a short list of attributes is ever taken over (`medmo_desktop.keeping.exports.dicom_source`), so nothing unknown
can slip through. PNG, JSON and COCO exports and case files take no attribute at all.
"""

from __future__ import annotations

import copy
import hashlib
import secrets
import uuid
from typing import Any

from pydicom.dataset import Dataset

_EMPTIED = (
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
#: Modalities (PS3.3 C.7.3.1.1.1) whose images often carry text in the pixels: ultrasound, photographs, endoscopy,
#: scanned documents, screen shots.
_OFTEN_BURNED_IN = ("US", "IVUS", "XC", "GM", "ES", "OT", "SC", "DOC", "OP", "SM", "ECG")


class Deidentifier:
    """Replaces a patient, the same way for every file that it is given.

    Parameters
    ----------
    secret : bytes, optional
        New UIDs depend on it: keep it to de-identify the images to match, throw it away to break the link for good.
        Random if not given.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secrets.token_bytes(32) if secret is None else secret

    def uid(self, original: str) -> str:
        """Return the new UID for an original one, of the UUID-derived kind (PS3.5 B.2)."""
        digest = hashlib.sha256(self._secret + str(original).encode()).digest()
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"

    def apply(self, header: Any) -> Dataset:
        """Return a copy of a header with another patient, no dates and new UIDs."""
        changed: Dataset = copy.deepcopy(header)
        for keyword in _EMPTIED:
            if keyword in changed:
                setattr(changed, keyword, "")
        for keyword in _UIDS:
            if keyword in changed:
                setattr(changed, keyword, self.uid(changed[keyword].value))
        changed.PatientName = "Anonymous^"
        changed.PatientID = self.uid(f"patient {header.get('PatientID', '')}")[5:21]
        changed.PatientIdentityRemoved = "YES"
        changed.DeidentificationMethod = "Listed attributes kept; patient, dates and UIDs replaced"
        return changed


def burned_in_warning(header: Any | None) -> str | None:
    """Return a warning that the pixels may show a name, or None where the file says that they do not.

    Parameters
    ----------
    header : pydicom.dataset.Dataset or None
        Of the image; None for an image that is not DICOM.
    """
    look = "Look at every image before it leaves this machine: no export removes text from the pixels."
    if header is None:
        return f"This image says nothing about text in its pixels. {look}"
    stated = str(header.get("BurnedInAnnotation") or "").upper()
    if stated == "YES":
        return f"The file says that text is burned into its pixels, possibly a name. {look}"
    if stated == "NO":
        return None
    modality = str(header.get("Modality") or "")
    sop_class = str(header.get("SOPClassUID") or "")
    secondary_capture = sop_class.startswith("1.2.840.10008.5.1.4.1.1.7")
    if modality in _OFTEN_BURNED_IN or modality == "" or secondary_capture:
        kind = "captured screens" if secondary_capture else f"images of this kind ({modality or 'modality not stated'})"
        return f"The file does not say whether text is burned into its pixels, and {kind} often show names. {look}"
    return None
