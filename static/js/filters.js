// Which vehicles are shown and in which order. The URL is where this is kept, so that a link shares it.

import { attentionOf, fixAge, isLocked, motionOf } from "./state.js";

/** @typedef {import("./state.js").Vehicle} Vehicle */

/** @type {Record<string, (v: Vehicle, now: number) => boolean>} */
export const STATES = {
  moving: (v, now) => motionOf(v, now) === "moving",
  idle: (v, now) => motionOf(v, now) === "idle",
  standing: (v, now) => motionOf(v, now) === "standing",
  offline: (v, now) => motionOf(v, now) === "silent",
  locked: (v) => isLocked(v),
  attention: (v, now) => attentionOf(v, now) !== null,
};

/** @type {Record<string, (v: Vehicle, now: number) => number>} smaller comes first; the name decides between equals */
const ORDERS = {
  name: () => 0,
  attention: (v, now) => ["act", "look", undefined].indexOf(attentionOf(v, now)?.level),
  speed: (v) => -(v.speed_kmh ?? -1),
  age: (v, now) => -(fixAge(v, now) ?? Infinity),
};

const NAMES = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** @typedef {{q: string, state: string, park: string, sort: string, vehicle: number | null, view: string}} Choice */

/** @returns {Choice} what the URL asks for; words that mean nothing here are left out */
export function readChoice() {
  const asked = new URLSearchParams(location.search);
  const state = asked.get("state") ?? "";
  const sort = asked.get("sort") ?? "";
  return {
    q: asked.get("q") ?? "",
    state: state in STATES ? state : "",
    park: asked.get("park") ?? "",
    sort: sort in ORDERS ? sort : "name",
    vehicle: Number(asked.get("vehicle")) || null,
    view: asked.get("view") === "map" ? "map" : "list",
  };
}

/** @param {Choice} choice @returns {string} the URL that shows it again */
export function choiceUrl(choice) {
  const asked = new URLSearchParams();
  for (const [key, value] of Object.entries(choice)) {
    if (value && !(key === "sort" && value === "name") && !(key === "view" && value === "list")) asked.set(key, String(value));
  }
  const query = asked.toString();
  return location.pathname + (query && `?${query}`);
}

/** @param {Vehicle} v @param {Choice} choice @param {number} now */
export function isShown(v, choice, now) {
  if (choice.state && !STATES[choice.state](v, now)) return false;
  if (choice.park && v.park !== choice.park) return false;
  if (!choice.q) return true;
  const text = `${v.name} ${v.plate ?? ""} ${v.driver ?? ""} ${v.model}`.toLowerCase();
  return choice.q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** @param {Iterable<Vehicle>} vehicles @param {Choice} choice @param {number} now @returns {Vehicle[]} */
export function inOrder(vehicles, choice, now) {
  const rank = ORDERS[choice.sort];
  const ranked = [...vehicles].map((v) => ({ v, rank: rank(v, now) }));
  ranked.sort((a, b) => a.rank - b.rank || NAMES.compare(a.v.name, b.v.name));
  return ranked.map(({ v }) => v);
}
