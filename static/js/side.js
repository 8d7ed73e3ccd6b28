// The side panel: the values that arrive live are written in place; the rest is the server's HTML, which is asked
// for again only when something happened to the vehicle, and merged so that focus and typed words stay.

import { serverNow } from "./clock.js";
import * as format from "./format.js";
import { attentionOf, fixAge, isLocked, isStale, lookOf, motionOf } from "./state.js";
import { hasWords, say } from "./words.js";

/** @typedef {import("./state.js").Vehicle} Vehicle */

/** What can stand in an element marked data-live, here and in the server's HTML.
 * @type {Record<string, (v: Vehicle, now: number) => string>} */
const LIVE = {
  name: (v) => v.name,
  detail: (v) => say("model_and_park", { plate: v.plate ?? say("no_plate"), model: v.model, park: v.park }),
  state: (v, now) => say(`motion_${motionOf(v, now)}`),
  age: (v, now) => (v.ts === null ? say("age_never") : say("age_ago", { age: format.age(fixAge(v, now)) })),
  speed: (v) => format.speed(v.speed_kmh),
  ignition: (v) => format.onOff(v.ignition),
  fuel: (v) => format.percent(v.fuel_pct),
  voltage: (v) => format.volts(v.voltage_v),
  odometer: (v) => format.kilometres(v.odometer_m),
  driver: (v) => v.driver ?? say("no_driver"),
  attention: (v, now) => attentionText(v, now),
  lock: (v) => lockText(v),
};

export class Side {
  /** @type {Vehicle | null} */
  #v = null;
  #lock = "";
  /** The server's part is older than what happened. */
  #isDue = false;

  /** @param {HTMLElement} root @param {string} url with {id} @param {() => void} onClose */
  constructor(root, url, onClose) {
    this.root = root;
    this.url = url;
    this.body = /** @type {HTMLElement} */ (root.querySelector("#panel"));
    root.querySelector("[data-close]")?.addEventListener("click", onClose);
    this.body.addEventListener("htmx:error", () => this.#failed());
  }

  /** @param {Vehicle} v @param {boolean} focus whether the keyboard opened it */
  open(v, focus) {
    const other = this.#v?.vehicle_id !== v.vehicle_id;
    this.root.hidden = false;
    this.#v = v;
    this.#lock = lockKey(v);
    this.#isDue = false;
    this.write();
    if (other) this.#load(v.vehicle_id, "innerHTML");
    if (focus) /** @type {HTMLElement} */ (this.root.querySelector("h2")).focus();
  }

  /** @param {number} id */
  shows(id) {
    return this.#v?.vehicle_id === id;
  }

  close() {
    this.root.hidden = true;
    this.#v = null;
    this.body.replaceChildren();
  }

  /** @param {number} id @param {"innerHTML" | "innerMorph"} swap */
  #load(id, swap) {
    if (swap === "innerHTML") this.#say("panel_loading");
    htmx.ajax("GET", this.url.replace("{id}", String(id)), { target: this.body, swap });
  }

  #failed() {
    if (this.body.querySelector("[data-said]")) this.#say("panel_failed");
  }

  /** @param {string} key */
  #say(key) {
    const words = document.createElement("p");
    words.className = "side-said hint";
    words.dataset.said = key;
    words.textContent = say(key);
    this.body.replaceChildren(words);
  }

  /** @param {Map<number, Vehicle>} vehicles @param {Set<number>} happened to these something was done */
  take(vehicles, happened) {
    const v = this.#v && vehicles.get(this.#v.vehicle_id);
    if (!v) return;
    if (happened.has(v.vehicle_id) || lockKey(v) !== this.#lock) this.#isDue = true;
    this.#v = v;
    this.#lock = lockKey(v);
    this.write();
  }

  /** Also called each second: ages grow by themselves. */
  write() {
    const v = this.#v;
    if (!v) return;
    const now = serverNow();
    this.root.dataset.look = lookOf(v, now);
    this.root.dataset.stale = isStale(v, now) ? "yes" : "no";
    this.root.querySelector("[data-glyph]")?.setAttribute("href", `#glyph-${motionOf(v, now)}`);
    for (const element of this.root.querySelectorAll("[data-live]")) {
      const text = LIVE[/** @type {HTMLElement} */ (element).dataset.live ?? ""](v, now);
      if (element.textContent !== text) element.textContent = text;
    }
    this.#show("attention", attentionOf(v, now) !== null);
    this.#show("lock", v.lock !== null && attentionOf(v, now)?.level !== "act");
    this.#show("locked", isLocked(v));
    this.root.querySelector("[data-when=attention]")?.classList.toggle("notice-act", attentionOf(v, now)?.level === "act");
    this.#refreshWhenFree(v.vehicle_id);
  }

  /** Nothing is exchanged under the hands of somebody who is filling in a form. @param {number} id */
  #refreshWhenFree(id) {
    if (!this.#isDue || this.body.querySelector("form:focus-within")) return;
    this.#isDue = false;
    this.#load(id, "innerMorph");
  }

  /** @param {string} when @param {boolean} shown */
  #show(when, shown) {
    this.root.querySelector(`[data-when=${when}]`)?.toggleAttribute("hidden", !shown);
  }
}

/** @param {Vehicle} v */
function lockKey(v) {
  return `${v.relay_on} ${v.lock?.job_id} ${v.lock?.state}`;
}

/** @param {Vehicle} v @param {number} now */
function attentionText(v, now) {
  const need = attentionOf(v, now);
  return need ? say(need.word, need.values) : "";
}

/** @param {Vehicle} v */
function lockText(v) {
  if (!v.lock) return "";
  const state = `lock_state_${v.lock.state}`;
  const values = {
    kind: say(`lock_kind_${v.lock.kind}`),
    state: hasWords(state) ? say(state) : v.lock.state,
    reason: v.lock.waiting_for ?? "",
  };
  return say(v.lock.waiting_for ? "lock_waiting" : "lock_running", values);
}
