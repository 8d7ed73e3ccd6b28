"""Every write of events. A file is a noun; what the edges call stands here."""

from core.events.service.detections import Detected, save_detections
from core.events.service.disputes import (
    Upload,
    decide_dispute,
    dispute_event,
    dispute_own_event,
    review_dispute,
    take_back_dispute,
)
from core.events.service.erasure import erase_words_about
from core.events.service.fines import import_fines, judge_fines
from core.events.service.geofences import RECORDER, add_geofence, change_geofence, close_geofence
from core.events.service.imports import import_geofences
from core.events.service.incidents import (
    add_cost,
    add_party,
    add_photo,
    move_incident,
    set_references,
    set_shares,
    strike_cost,
)
from core.events.service.matches import decide_driver, rematch_vehicles
from core.events.service.record_adding import Recorded
from core.events.service.records import LOG_READER, correct_event, record_event, withdraw_event

__all__ = [
    "LOG_READER",
    "RECORDER",
    "Detected",
    "Recorded",
    "Upload",
    "add_cost",
    "add_geofence",
    "add_party",
    "add_photo",
    "change_geofence",
    "close_geofence",
    "correct_event",
    "decide_dispute",
    "decide_driver",
    "dispute_event",
    "dispute_own_event",
    "erase_words_about",
    "import_fines",
    "import_geofences",
    "judge_fines",
    "move_incident",
    "record_event",
    "rematch_vehicles",
    "review_dispute",
    "save_detections",
    "set_references",
    "set_shares",
    "strike_cost",
    "take_back_dispute",
    "withdraw_event",
]
