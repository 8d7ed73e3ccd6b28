"""Tables of events. A file is a noun: places and detections, the log and who had the vehicle, disputes, incidents."""

from core.events.models.disputes import (
    Dispute,
    DisputeEffect,
    DisputeFile,
    DisputeGround,
    DisputeState,
    DisputeStep,
)
from core.events.models.incidents import (
    CostKind,
    Incident,
    IncidentAct,
    IncidentCost,
    IncidentParty,
    IncidentPhoto,
    IncidentShare,
    IncidentState,
    IncidentStep,
)
from core.events.models.places import Detection, FenceKind, Geofence
from core.events.models.records import (
    EventIdentity,
    EventMatch,
    EventRecord,
    EventSource,
    LoggedEvent,
    MatchState,
    RecordAct,
    RecordKind,
    RecordReason,
)

__all__ = [
    "CostKind",
    "Detection",
    "Dispute",
    "DisputeEffect",
    "DisputeFile",
    "DisputeGround",
    "DisputeState",
    "DisputeStep",
    "EventIdentity",
    "EventMatch",
    "EventRecord",
    "EventSource",
    "FenceKind",
    "Geofence",
    "Incident",
    "IncidentAct",
    "IncidentCost",
    "IncidentParty",
    "IncidentPhoto",
    "IncidentShare",
    "IncidentState",
    "IncidentStep",
    "LoggedEvent",
    "MatchState",
    "RecordAct",
    "RecordKind",
    "RecordReason",
]
