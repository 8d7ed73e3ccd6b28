"""How what is known of a person is put under their key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core import vault
from core.db import Writer
from core.drivers.models import Driver, fields
from core.drivers.models.profiles import Profile
from core.drivers.rules import licences
from core.drivers.schemas.profiles import EmergencyContact, Licence

# What is plain text, by the name it has in a record.
TEXTS = {"email": fields.EMAIL, "address": fields.ADDRESS}


def seal_optional(session: Writer, key_id: int, field: str, text: str | None) -> bytes | None:
    """The text under the person's key; None for none."""
    return vault.seal_text(session, key_id=key_id, field=field, text=text) if text else None


def blind_licence(licence: Licence) -> bytes:
    """The keyed hash by which a licence is the same one."""
    return vault.blind(field=fields.LICENCE, text=licences.licence_key(licence.country, licence.region, licence.number))


def write_profile(session: Writer, *, driver: Driver, known: dict[str, Any], at: datetime) -> None:
    """Put these parts into a profile: email, birth_date, address, emergency_contact, licence; None takes one out."""
    profile = session.get(Profile, driver.id)
    if profile is None:
        profile = Profile(driver_id=driver.id)
        session.add(profile)
    key_id = driver.key_id
    for name, field in TEXTS.items():
        if name in known:
            setattr(profile, f"{name}_sealed", seal_optional(session, key_id, field, known[name]))
    if "birth_date" in known:
        born = known["birth_date"]
        profile.birth_date_sealed = seal_optional(session, key_id, fields.BIRTH_DATE, born and born.isoformat())
    if "emergency_contact" in known:
        contact: EmergencyContact | None = known["emergency_contact"]
        profile.emergency_name_sealed = seal_optional(
            session, key_id, fields.EMERGENCY_NAME, contact.name if contact else None
        )
        profile.emergency_phone_sealed = seal_optional(
            session, key_id, fields.EMERGENCY_PHONE, contact.phone if contact else None
        )
    if "licence" in known:
        _write_licence(session, key_id, profile, known["licence"])
    profile.updated_at = at


def _write_licence(session: Writer, key_id: int, profile: Profile, licence: Licence | None) -> None:
    number = None if licence is None else licence.number.strip()
    profile.licence_number_sealed = seal_optional(session, key_id, fields.LICENCE_NUMBER, number)
    profile.licence_blind = None if licence is None else blind_licence(licence)
    profile.licence_country = None if licence is None else licence.country
    profile.licence_region = None if licence is None else licence.region
    profile.licence_categories = [] if licence is None else list(licence.categories)
    profile.licence_valid_until = None if licence is None else licence.valid_until
