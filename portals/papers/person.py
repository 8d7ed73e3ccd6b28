"""The form of who a driver is: typed by the office, and by whoever applies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.drivers.queries import PersonalRecord
from core.drivers.schemas import DriverChanges, EmergencyContact, Licence, Personal
from core.errors import Invalid, Refusal

PHONE_WANTED = "Enter the number with + and the country code: +14155550100."
WANTED = {
    "name": "Enter the name as it stands on the licence, 2 to 120 characters.",
    "phone": PHONE_WANTED,
    "park_id": "Choose a park.",
    "email": "Enter an e-mail address, like name@company.com.",
    "birth_date": "Enter the day of birth.",
    "address": "Enter street, number and town.",
    "emergency_name": "Enter the name, 2 to 120 characters.",
    "emergency_phone": PHONE_WANTED,
    "licence_country": "Enter the country by its two letters, such as US.",
    "licence_number": "Enter the number as it stands on the licence.",
    "licence_categories": "Enter the classes as they stand on the licence, such as C or B, BE.",
    "licence_valid_until": "Enter the last day it holds.",
}
# Where a refusal of a verb has its field in the form.
_FIELDS = {
    "licence": "licence_number",
    "licence.country": "licence_country",
    "licence.region": "licence_region",
    "licence.number": "licence_number",
    "licence.categories": "licence_categories",
    "licence.valid_until": "licence_valid_until",
}
_PHONE = r"^\+[0-9]{7,15}$"


class PersonForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about a person, flat as a form has it. Classes are typed with anything between them."""

    name: Annotated[str, Meta(min_length=2, max_length=120)]
    phone: Annotated[str, Meta(pattern=_PHONE)]
    park_id: int = 0
    email: Annotated[str, Meta(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    birth_date: date | None = None
    address: Annotated[str, Meta(min_length=5, max_length=400)] | None = None
    emergency_name: Annotated[str, Meta(min_length=2, max_length=120)] | None = None
    emergency_phone: Annotated[str, Meta(pattern=_PHONE)] | None = None
    licence_country: Annotated[str, Meta(max_length=2)] | None = None
    licence_region: Annotated[str, Meta(max_length=3)] | None = None
    licence_number: Annotated[str, Meta(max_length=40)] | None = None
    licence_categories: Annotated[str, Meta(max_length=120)] = ""
    licence_valid_until: date | None = None


def tidy(typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, with phone numbers as they are kept: people set digits apart."""
    phones = {name: _tidy_phone(typed[name]) for name in ("phone", "emergency_phone") if name in typed}
    return {**typed, **phones}


def _tidy_phone(text: str) -> str:
    plain = re.sub(r"[\s().\-/]", "", text)
    return "+" + plain[2:] if plain.startswith("00") else plain


def personal_of(form: PersonForm) -> Personal:
    """What was typed beyond name and phone. Raises Invalid for a half of something."""
    return Personal(
        email=form.email,
        birth_date=form.birth_date,
        address=form.address,
        emergency_contact=_contact_of(form),
        licence=_licence_of(form),
    )


def changes_of(form: PersonForm) -> DriverChanges:
    """What was typed, in place of what is known; an empty field takes out what stood there."""
    known = personal_of(form)
    return DriverChanges(
        name=form.name,
        phone=form.phone,
        email=known.email,
        birth_date=known.birth_date,
        address=known.address,
        emergency_contact=known.emergency_contact,
        licence=known.licence,
    )


def _contact_of(form: PersonForm) -> EmergencyContact | None:
    if form.emergency_name is None and form.emergency_phone is None:
        return None
    if form.emergency_name is None:
        raise Invalid("Nothing was kept.", fields={"emergency_name": WANTED["emergency_name"]})
    if form.emergency_phone is None:
        raise Invalid("Nothing was kept.", fields={"emergency_phone": PHONE_WANTED})
    return EmergencyContact(name=form.emergency_name, phone=form.emergency_phone)


def _licence_of(form: PersonForm) -> Licence | None:
    categories = tuple(re.findall(r"[A-Z0-9+-]+", form.licence_categories.upper()))
    if form.licence_number is None and not categories:
        return None
    missing = {
        name: WANTED[name]
        for name, value in (
            ("licence_number", form.licence_number),
            ("licence_country", form.licence_country),
            ("licence_categories", categories),
        )
        if not value
    }
    if missing or form.licence_number is None or form.licence_country is None:
        raise Invalid("Nothing was kept.", fields=missing)
    return Licence(
        country=form.licence_country.upper(),
        region=form.licence_region.upper() if form.licence_region else None,
        number=form.licence_number,
        categories=tuple(dict.fromkeys(categories)),
        valid_until=form.licence_valid_until,
    )


def typed_of(known: PersonalRecord) -> dict[str, Any]:
    """What is known of a person, as the form has it."""
    return {
        "name": known.name,
        "phone": known.phone,
        "email": known.email,
        "birth_date": known.birth_date and known.birth_date.isoformat(),
        "address": known.address,
        "emergency_name": known.emergency_name,
        "emergency_phone": known.emergency_phone,
        "licence_country": known.licence_country,
        "licence_region": known.licence_region,
        "licence_number": known.licence_number,
        "licence_categories": ", ".join(known.licence_categories),
        "licence_valid_until": known.licence_valid_until and known.licence_valid_until.isoformat(),
    }


def in_words(refusal: Refusal, detail: str) -> Refusal:
    """With the fields as the form has them. What the form itself refused says what it wants."""
    fields = {_FIELDS.get(name, name): text for name, text in refusal.fields.items()}
    if not isinstance(refusal, Invalid):
        refusal.fields = fields
        return refusal
    return Invalid(detail, fields={name: _say(name, text) for name, text in fields.items()})


def _say(name: str, text: str) -> str:
    """Our words for what a type refused; what a rule refused says it better itself."""
    by_type = text.startswith(("Expected", "Invalid", "This field"))
    return WANTED.get(name, text) if by_type else text
