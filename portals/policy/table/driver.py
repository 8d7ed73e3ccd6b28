"""The driver and the investor portal: one's own."""

from __future__ import annotations

from portals.policy.rules import Rule, act, page

SECTIONS: dict[str, dict[str, Rule]] = {
    "The driver portal": {
        "driver.today": page("drivers:read_own"),
        "driver.show_shift": page("drivers:read_own"),
        "driver.begin_handover": act("drivers:hand_over"),
        "driver.show_handover": page("drivers:read_own"),
        "driver.show_handover_file": page("drivers:read_own"),
        "driver.add_handover_photo": act("drivers:hand_over"),
        "driver.note_handover_readings": act("drivers:hand_over"),
        "driver.mark_handover_damage": act("drivers:hand_over"),
        "driver.remove_handover_damage": act("drivers:hand_over"),
        "driver.sign_handover": act("drivers:hand_over"),
        "driver.list_own_events": page("events:read_own"),
        "driver.show_own_event": page("events:read_own"),
        "driver.open_own_event_file": page("events:read_own"),
        "driver.dispute_own_event": act("events:dispute_own"),
        "driver.take_back_dispute": act("events:dispute_own"),
        "driver.show_notice": page("access:start_own"),
        "driver.list_locks": page("access:start_own"),
        "driver.show_codes": page("access:start_own"),
        "driver.make_codes": act("access:start_own"),
        "driver.start": act("access:start_own"),
        "driver.show_own_access": page("drivers:read_own"),
        "driver.show_own_rating": page("ratings:read_own"),
        "driver.show_own_counted": page("ratings:read_own"),
        "driver.show_feedback": page("ratings:give_feedback"),
        "driver.give_feedback": act("ratings:give_feedback"),
        "driver.withdraw_feedback": act("ratings:give_feedback"),
        "driver.list_own_appeals": page("ratings:appeal"),
        "driver.hand_in_appeal": act("ratings:appeal"),
        "driver.withdraw_appeal": act("ratings:appeal"),
        "driver.list_documents": page("drivers:read_own"),
        "driver.show_kind": page("drivers:hand_in"),
        "driver.add_page": act("drivers:hand_in"),
        "driver.remove_page": act("drivers:hand_in"),
        "driver.hand_in": act("drivers:hand_in"),
        "driver.show_own_page": page("drivers:hand_in"),
        "driver.show_me": page("drivers:read_own"),
        "driver.export_me": page("drivers:read_own"),
        "driver.change_me": act("drivers:change_own"),
    },
    "The investor portal": {
        "investor.assets": page("investors:read_own"),
    },
}
