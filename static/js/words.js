// Every text that a script shows, in one place to translate. {names} are filled in by say().

/** @type {Record<string, string>} */
const WORDS = {
  age_seconds: "{n} s",
  age_minutes: "{n} min",
  age_hours: "{n} h",
  age_days: "{n} d",
  age_ago: "{age} ago",
  age_never: "never heard",

  speed: "{n} km/h",
  percent: "{n} %",
  volts: "{n} V",
  kilometres: "{n} km",
  unknown: "–",
  on: "on",
  off: "off",

  files_sending: "Sending… Keep this page open.",

  motion_moving: "Moving",
  motion_idle: "Idle, engine on",
  motion_standing: "Standing",
  motion_silent: "Silent",
  no_driver: "No driver",
  no_plate: "no plate",
  passkey_unsupported: "This browser knows no passkeys, or is too old for ours. Use another way, or another browser.",
  passkey_not_used: "No passkey was used: the dialogue was closed, or there is none for this address. Try again, or use another way.",
  passkey_known_already: "This device has a passkey of yours already. Use another device for one more.",
  passkey_failed: "The passkey could not be used. Load the page again and try once more, or use another way.",

  tt_free: "{when}, {vehicle}",
  tt_in_the_way: "{when}, {vehicle}: in the way of {who}",
  tt_put_back: "Put back where it was.",
  tt_fixed: "This has ended: what was is not changed.",
  tt_only_end: "This is running: only its end can be changed, with the left and right arrows.",

  row_detail: "{driver} · {plate}",
  model_and_park: "{plate} · {model} · {park}",

  attention_locked_moving: "Moving although the lock is on. Call the driver; do not rely on this lock.",
  attention_lock_failed: "The lock order failed. Open the order to see each attempt and try again.",
  attention_release_failed: "The release failed: the vehicle may still be locked. Try again or send someone.",
  attention_fault: "Fault codes: {codes}. Ask the workshop before the next shift.",
  attention_silent_rented: "Rented and silent for {age}. Call the driver.",

  lock_waiting: "{kind}: {state} ({reason}).",
  lock_running: "{kind}: {state}.",
  lock_state_requested: "requested",
  lock_state_approved: "approved",
  lock_state_notified: "driver told, grace running",
  lock_state_armed: "waiting until it is safe",
  lock_state_sending: "sending",
  lock_state_sent: "sent, waiting for proof",
  lock_state_confirmed: "confirmed",
  lock_state_failed: "failed",
  lock_state_expired: "expired",
  lock_state_cancelled: "cancelled",
  lock_kind_immobilize: "Lock order",
  lock_kind_release: "Release order",

  count_all: "{n} vehicles",
  count_some: "{n} of {all} vehicles",
  park_any: "All parks",

  live_connecting: "Connecting",
  live_live: "Live",
  live_polling: "Every 5 s",
  live_lost: "Not connected",
  live_connecting_long: "Connecting to the server.",
  live_live_long: "Live: positions arrive as vehicles report them.",
  live_polling_long: "The live connection cannot be opened, so the board asks every 5 seconds. Nothing is lost.",
  live_lost_long: "No answer from the server. What you see is {age} old. The board keeps trying.",
  live_back: "Connected again. Everything missed has been filled in.",
  signed_out: "You are signed out, so nothing new arrives. Reload the page to sign in again.",

  panel_loading: "Loading the vehicle's details",
  panel_failed: "The details did not arrive. Check your connection; the board tries again when you reopen the vehicle.",
  panel_unknown: "This vehicle is not on your board. It may belong to another park, or have been removed.",

  map_title: "Vehicle map",

  changes_none: "Nothing has changed since you opened the board.",
  changes_count: "{n} new while you were away",
  title_count: "({n}) {title}",

  track_readout: "{speed}, ignition {ignition}",
  track_value: "{time}, {readout}",
  track_gap: "No reports from {from} to {to}",
  track_before: "No reports before {time}",
  track_after: "No reports after {time}",
  track_gap_moved: "moved {distance} meanwhile",
  track_gap_stayed: "stayed in place",
  track_play: "Play",
  track_pause: "Pause",
  track_stop: "Stop {n}, go to {time}",
  track_cut: "There are more than {n} reports. Shown are those up to {time}.",
  track_reports: "{n} reports",
  track_signed_out: "You are signed out. Reload the page to sign in again.",

  paper_sending: "Sending {name}",
  paper_too_large: "Larger than 15 MB. Take a smaller picture, or send a PDF.",
  paper_not_sent: "This was not sent. Nothing is lost: try again when the connection is back.",
  paper_again: "Try again",

  request_failed: "The server did not answer. Nothing was changed. Check your connection and try again.",
};

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function say(key, values = {}) {
  return WORDS[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** True when there are words for this key; states from the server may be newer than this page.
 * @param {string} key */
export function hasWords(key) {
  return key in WORDS;
}
