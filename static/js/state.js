// What a vehicle's last fix means. Pure: the fix and the time go in, a word comes out.

/**
 * @typedef {object} Lock
 * @property {string} job_id
 * @property {"immobilize" | "release"} kind
 * @property {string} state
 * @property {string | null} waiting_for
 *
 * @typedef {object} Vehicle one vehicle, merged from what the server sent of it
 * @property {number} vehicle_id
 * @property {string} name
 * @property {string | null} plate
 * @property {string} model
 * @property {string} park
 * @property {string} status
 * @property {string | null} driver
 * @property {number | null} ts device time of the last fix, ms
 * @property {number | null} received_at ms
 * @property {number | null} lat
 * @property {number | null} lon
 * @property {number | null} speed_kmh
 * @property {number | null} course_deg
 * @property {boolean | null} ignition
 * @property {boolean | null} relay_on
 * @property {number | null} fuel_pct
 * @property {number | null} voltage_v
 * @property {number | null} odometer_m
 * @property {string[]} dtc
 * @property {Lock | null} lock
 *
 * @typedef {"moving" | "idle" | "standing" | "silent"} Motion
 * @typedef {{level: "act" | "look", word: string, values: Record<string, string>}} Attention
 */

import { age } from "./format.js";

export const STALE_MS = 60_000;
export const SILENT_MS = 600_000;
/** Receivers drift: below this a parked car is parked. */
const MOVING_KMH = 3;

/** @param {Vehicle} v @param {number} now @returns {number | null} ms */
export function fixAge(v, now) {
  return v.ts === null ? null : Math.max(0, now - v.ts);
}

/** @param {Vehicle} v @param {number} now */
export function isStale(v, now) {
  return v.ts === null || now - v.ts > STALE_MS;
}

/** @param {Vehicle} v @param {number} now @returns {Motion} */
export function motionOf(v, now) {
  if (v.ts === null || now - v.ts > SILENT_MS) return "silent";
  if ((v.speed_kmh ?? 0) >= MOVING_KMH) return "moving";
  return v.ignition ? "idle" : "standing";
}

/** @param {Vehicle} v */
export function isLocked(v) {
  return v.relay_on === true;
}

/** What somebody must do or look at, the worst first; null when nothing.
 * @param {Vehicle} v @param {number} now @returns {Attention | null} */
export function attentionOf(v, now) {
  if (isLocked(v) && motionOf(v, now) === "moving") return need("act", "attention_locked_moving");
  if (v.lock && (v.lock.state === "failed" || v.lock.state === "expired")) {
    return need("act", v.lock.kind === "release" ? "attention_release_failed" : "attention_lock_failed");
  }
  if (v.status === "rented" && motionOf(v, now) === "silent") {
    return need("look", "attention_silent_rented", { age: age(fixAge(v, now)) });
  }
  if (v.dtc.length > 0) return need("look", "attention_fault", { codes: v.dtc.join(", ") });
  return null;
}

/** @param {"act" | "look"} level @param {string} word @param {Record<string, string>} [values] */
function need(level, word, values = {}) {
  return { level, word, values };
}

/** The colour of a vehicle; its shape is motionOf().
 * @param {Vehicle} v @param {number} now @returns {"act" | "locked" | Motion} */
export function lookOf(v, now) {
  if (attentionOf(v, now)?.level === "act") return "act";
  const motion = motionOf(v, now);
  return isLocked(v) && motion !== "silent" ? "locked" : motion;
}
