"""What can be done to many vehicles at once, and by whom."""

from __future__ import annotations

from dataclasses import dataclass

from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do: its button, the title of its page (of how many), the endpoint that does it, the right."""

    name: str
    button: str
    title: str
    endpoint: str
    permission: str


ACTS = {
    act.name: act
    for act in (
        Act(
            "status",
            "Change status",
            "Change the status of {}",
            "operator.change_many_statuses",
            "vehicles:change_status",
        ),
        Act("group", "Put into a group", "Put {} into a group", "operator.put_many_into_group", "vehicles:change"),
        Act(
            "ungroup",
            "Take out of a group",
            "Take {} out of a group",
            "operator.take_many_out_of_group",
            "vehicles:change",
        ),
        Act("park", "Move to a park", "Move {} to another park", "operator.move_many", "vehicles:move"),
    )
}


def list_acts(viewer: Actor) -> list[Act]:
    """What the viewer may do, anywhere at all; where not, is told of each vehicle."""
    return [act for act in ACTS.values() if viewer.may(act.permission)]
