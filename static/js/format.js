// Values as people read them: aligned, with units, and a dash where nothing was reported.

import { say } from "./words.js";

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTH = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {number | null} ms @returns {string} */
export function age(ms) {
  if (ms === null) return say("age_never");
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return say("age_seconds", { n: seconds });
  if (seconds < 3600) return say("age_minutes", { n: Math.floor(seconds / 60) });
  if (seconds < 172800) return say("age_hours", { n: Math.floor(seconds / 3600) });
  return say("age_days", { n: Math.floor(seconds / 86400) });
}

/** @param {number} n */
export const count = (n) => WHOLE.format(n);

/** @param {number | null} value @param {string} unit @param {Intl.NumberFormat} [shape] */
function measured(value, unit, shape = WHOLE) {
  return value === null || value === undefined ? say("unknown") : say(unit, { n: shape.format(value) });
}

/** @param {number | null} v */
export const speed = (v) => measured(v, "speed");
/** @param {number | null} v */
export const percent = (v) => measured(v, "percent");
/** @param {number | null} v */
export const volts = (v) => measured(v, "volts", TENTH);
/** @param {number | null} metres */
export const kilometres = (metres) => measured(metres === null ? null : metres / 1000, "kilometres");

/** To a tenth: what is short. @param {number} metres */
export const kilometresFine = (metres) => measured(metres / 1000, "kilometres", TENTH);

/** @param {boolean | null} value */
export function onOff(value) {
  if (value === null || value === undefined) return say("unknown");
  return value ? say("on") : say("off");
}
