"""Codes of the structured report: SNOMED CT where pydicom's own tables have the finding, else a private scheme."""

from __future__ import annotations

import hashlib
from typing import Any

from highdicom import coding_schemes
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

PRIVATE_SCHEME = "99MEDMO"
#: PS3.5 table 6.2-1: the longest Code Meaning (LO).
_LONGEST_MEANING = 64

#: Labels, in lower case, whose SNOMED CT concept says no more and no less.
_KNOWN: dict[str, Any] = {
    "nodule": codes.SCT.Nodule,
    "mass": codes.SCT.Mass,
    "lesion": codes.SCT.Lesion,
    "cyst": codes.SCT.Cyst,
    "effusion": codes.SCT.Effusion,
    "pleural effusion": codes.SCT.PleuralEffusion,
    "pneumothorax": codes.SCT.Pneumothorax,
    "cardiomegaly": codes.SCT.Cardiomegaly,
}


def private_code(value: str, meaning: str) -> CodedConcept:
    """Return a code of our own scheme; the value has at most 16 characters."""
    return CodedConcept(value, PRIVATE_SCHEME, meaning)


def finding_code(label: str) -> CodedConcept:
    """Return the code of a finding's label.

    A private code's value is made of the label, so equal labels have equal codes in every report.
    """
    name = " ".join(label.split()) or "no label"
    known = _KNOWN.get(name.casefold())
    if known is not None:
        return CodedConcept.from_code(known)
    digest = hashlib.sha256(name.casefold().encode()).hexdigest()[:12]
    return private_code(f"L{digest}", name[:_LONGEST_MEANING])


def scheme_description() -> Any:
    """Return the item that tells what the private scheme is (PS3.3 C.12.1, Coding Scheme Identification Sequence)."""
    return coding_schemes.CodingSchemeIdentificationItem(
        designator=PRIVATE_SCHEME, name="MedMO Edge finding labels", responsible_organization="MedMO Edge"
    )


QUESTION = private_code("QUESTION", "Question to the model")
ANSWER = private_code("ANSWER", "Answer of the model")
BOX_SOURCE = private_code("BOX-SOURCE", "Who placed and named the box")
TOKEN_PROBABILITY = private_code("TOKEN-PROB", "Token probability of the box, not of disease")
BOXES = private_code("BOXES", "Boxes in the report")
NO_BOX = private_code("NO-BOX", "None drawn, which is not a finding of health")
SOURCES = {
    "model": private_code("MODEL", "Model"),
    "model, corrected by the user": private_code("MODEL-CORRECTED", "Model, corrected by the user"),
    "user": private_code("USER", "User"),
}
