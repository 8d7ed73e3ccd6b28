"""The inspection of a vehicle at its taking and giving back, the same for the driver on the phone and for the office.

A draft is kept at each step, so that a phone that is put away or loads the page again loses nothing.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import msgspec
from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.queries import HandoverRecord
from core.drivers.rules.damage_map import list_places
from core.drivers.rules.handovers import PHOTO_WORDS
from core.drivers.schemas import HandoverKind, HandoverReadings, NewDamage, PhotoView, Signature
from core.errors import Invalid, NotFound, Refusal
from core.files import queries as files
from core.identity import queries as identity
from portals import file_answers, hx
from portals.doors import actor, at, read, write
from portals.forms import parse_form

DAMAGE_KINDS = [
    ("scratch", "Scratch"),
    ("dent", "Dent"),
    ("crack", "Crack"),
    ("chip", "Chip"),
    ("tear", "Tear or burn"),
    ("missing", "Something is missing"),
    ("dirt", "Heavy dirt"),
]
SEVERITIES = [
    ("minor", "Minor: can stay"),
    ("moderate", "Moderate: to be mended"),
    ("severe", "Severe: not safe to drive"),
]
WANTED = {
    "odometer_km": "Whole kilometres, as the odometer shows them.",
    "fuel_pct": "From 0 to 100.",
    "note": "At most 1,000 characters.",
    "place": "Tap on the map, or choose the part.",
    "kind": "Choose one of the list.",
    "severity": "Choose one of the list.",
    "photo": "Choose a photo.",
}


class TypedReadings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is read off the dashboard."""

    odometer_km: int | None = None
    fuel_pct: int | None = None
    note: str = ""


def serve_handovers(bp: Blueprint, page: str, *, prefix: str) -> None:
    """Give a portal these views, on its own page: the template `page`, at addresses below `prefix`."""
    desk = Desk(bp.name, page)
    here = f"{prefix}/<int:handover_id>"
    bp.add_url_rule(here, "show_handover", desk.show, methods=["GET"])
    bp.add_url_rule(f"{here}/photos", "add_handover_photo", desk.add_photo, methods=["POST"])
    bp.add_url_rule(f"{here}/readings", "note_handover_readings", desk.note_readings, methods=["POST"])
    bp.add_url_rule(f"{here}/damages", "mark_handover_damage", desk.mark_damage, methods=["POST"])
    bp.add_url_rule(
        f"{here}/damages/<int:damage_id>/remove", "remove_handover_damage", desk.remove_damage, methods=["POST"]
    )
    bp.add_url_rule(f"{here}/signature", "sign_handover", desk.sign, methods=["POST"])
    bp.add_url_rule(f"{here}/files/<uuid:file_id>", "show_handover_file", desk.show_file, methods=["GET"])


class Desk:
    """The views of one portal."""

    def __init__(self, portal: str, page: str) -> None:
        self.portal, self.page = portal, page

    def show(self, handover_id: int) -> Response:
        """One handover: a draft with its forms, or what was signed."""
        return self._show(handover_id)

    def add_photo(self, handover_id: int) -> ResponseReturnValue:
        """Keep a photo of one view."""
        try:
            view = _parse_view()
            name, content = _read_photo("photo")
            service.add_photo(
                write(), actor=actor(), at=at(), handover_id=handover_id, view=view, name=name, content=content
            )
        except Refusal as refusal:
            return self._show(handover_id, refusal)
        return self._back(handover_id, "photos")

    def note_readings(self, handover_id: int) -> ResponseReturnValue:
        """Keep mileage, fuel and note. A script does so while they are typed, and gets a few words back."""
        is_script = hx.is_asked_for("_handovers/_readings_said.html")
        try:
            service.note_readings(write(), actor=actor(), at=at(), handover_id=handover_id, readings=_parse_readings())
        except Refusal as refusal:
            words = " ".join(refusal.fields.values()) or refusal.detail
            if is_script and not isinstance(refusal, NotFound):
                return hx.render(self.page, "_handovers/_readings_said.html", words=words, is_kept=False)
            return self._show(handover_id, refusal)
        if is_script:
            return hx.render(self.page, "_handovers/_readings_said.html", words="Kept.", is_kept=True)
        return self._back(handover_id, "readings")

    def mark_damage(self, handover_id: int) -> ResponseReturnValue:
        """Put a mark on the map, by a tap or by the name of the part."""
        record = queries.get_handover(read(), viewer=actor(), handover_id=handover_id)
        try:
            photo = _read_photo("photo") if request.files.get("photo") else None
            service.mark_damage(
                write(),
                actor=actor(),
                at=at(),
                handover_id=handover_id,
                damage=_parse_damage(record),
                photo=photo,
            )
        except Refusal as refusal:
            return self._show(handover_id, refusal)
        return self._back(handover_id, "damage")

    def remove_damage(self, handover_id: int, damage_id: int) -> ResponseReturnValue:
        """Take a mark of this draft away again."""
        try:
            service.remove_damage(write(), actor=actor(), at=at(), handover_id=handover_id, damage_id=damage_id)
        except Refusal as refusal:
            return self._show(handover_id, refusal)
        return self._back(handover_id, "damage")

    def sign(self, handover_id: int) -> ResponseReturnValue:
        """Sign for one's own side."""
        try:
            is_complete = service.sign_handover(
                write(), actor=actor(), at=at(), handover_id=handover_id, signature=_parse_signature()
            )
        except Refusal as refusal:
            return self._show(handover_id, refusal)
        flash(
            "Both sides have signed. It is kept and never changed."
            if is_complete
            else "You have signed. It counts when the other side has signed too.",
            "ok",
        )
        return self._back(handover_id, "signatures")

    def show_file(self, handover_id: int, file_id: uuid.UUID) -> Response:
        """A photo of this handover, or of damage that the vehicle had then."""
        known = queries.find_photo(read(), viewer=actor(), handover_id=handover_id, file_id=file_id)
        return file_answers.answer_file(files.get_file(read(), file_id=known))

    def _back(self, handover_id: int, step: str) -> ResponseReturnValue:
        return redirect(url_for(f"{self.portal}.show_handover", handover_id=handover_id, _anchor=step), 303)

    def _show(self, handover_id: int, refusal: Refusal | None = None) -> Response:
        if isinstance(refusal, NotFound):
            raise refusal
        record = queries.get_handover(read(), viewer=actor(), handover_id=handover_id)
        line = record.line
        is_own = self.portal == "driver"
        mine = "driver" if is_own else "office"
        ready = files.list_files(read(), file_ids=_file_ids(record))
        return hx.render(
            self.page,
            status=refusal.status if refusal else 200,
            record=record,
            line=line,
            portal=self.portal,
            mine=mine,
            has_signed=mine in line.signed_by,
            is_draft=not line.signed_by and line.signed_at is None,
            who=queries.name_drivers(read(), [line.driver_id]).get(line.driver_id, ""),
            signers=identity.name_users(read(), user_ids=[one.signer_id for one in record.signatures]),
            photo_words=PHOTO_WORDS,
            places=list_places(line.vehicle_class),
            kinds=DAMAGE_KINDS,
            severities=SEVERITIES,
            kind_words=dict(DAMAGE_KINDS),
            draw=draw,
            shown=[file_id for file_id, kept in ready.items() if kept.is_ready],
            typed=request.form,
            problem=refusal.detail if refusal else None,
            errors=refusal.fields if refusal else {},
        )


def parse_kind() -> HandoverKind:
    """Which way the vehicle goes, as a form says. Raises Invalid."""
    try:
        return HandoverKind(request.form.get("kind", ""))
    except ValueError:
        words = "Say whether the vehicle is taken over or given back."
        raise Invalid(words, fields={"kind": words}) from None


def draw(strokes: list[list[tuple[int, int]]]) -> str:
    """Drawn lines as the path of an SVG whose sides are 1,000 long."""
    lines = (" L".join(f"{x} {y}" for x, y in stroke) for stroke in strokes if stroke)
    return " ".join(f"M{line}" for line in lines)


def _file_ids(record: HandoverRecord) -> list[uuid.UUID]:
    marks = [mark.file_id for mark in (*record.earlier, *record.found) if mark.file_id is not None]
    return [*record.photos.values(), *marks]


def _parse_view() -> PhotoView:
    try:
        return PhotoView(request.form.get("view", ""))
    except ValueError:
        raise Invalid("No photo was kept.", fields={"view": "Say what the photo shows."}) from None


def _read_photo(field: str) -> tuple[str, bytes]:
    file = request.files.get(field)
    if file is None or not file.filename:
        raise Invalid("No photo was kept.", fields={field: WANTED["photo"]})
    return file.filename, file.stream.read()


def _parse_readings() -> HandoverReadings:
    try:
        typed = parse_form(TypedReadings)
        metres = None if typed.odometer_km is None else typed.odometer_km * 1000
        return msgspec.convert({"odometer_m": metres, "fuel_pct": typed.fuel_pct, "note": typed.note}, HandoverReadings)
    except Invalid as invalid:
        fields = {name: WANTED.get(name, text) for name, text in invalid.fields.items()}
        raise Invalid("The readings were not kept.", fields=fields) from None
    except msgspec.ValidationError as invalid:
        field = next((n for n in ("odometer", "fuel_pct", "note") if n in str(invalid)), "odometer")
        name = "odometer_km" if field == "odometer" else field
        raise Invalid("The readings were not kept.", fields={name: WANTED[name]}) from None


def _parse_damage(record: HandoverRecord) -> NewDamage:
    form: dict[str, Any] = {name: request.form.get(name, "") for name in ("x", "y", "kind", "severity")}
    places = {place.key: place for place in list_places(record.line.vehicle_class)}
    chosen = places.get(request.form.get("place", ""))
    if chosen is not None:
        form |= {"x": chosen.x, "y": chosen.y}
    try:
        return msgspec.convert(form, NewDamage, strict=False)
    except msgspec.ValidationError as invalid:
        field = next((name for name in ("kind", "severity") if f"$.{name}" in str(invalid)), "place")
        raise Invalid("The damage was not marked.", fields={field: WANTED[field]}) from None


def _parse_signature() -> Signature:
    try:
        strokes = json.loads(request.form.get("strokes") or "[]")
        form = {
            "content_hash": request.form.get("content_hash", ""),
            "strokes": strokes,
            "declared": bool(request.form.get("declared")),
        }
        return msgspec.convert(form, Signature)
    except (ValueError, RecursionError):
        words = "Sign with your finger in the field, as on paper."
        raise Invalid("The handover was not signed.", fields={"strokes": words}) from None
