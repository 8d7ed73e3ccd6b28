// The list: every vehicle is a row of the document, so that the keyboard, a screen reader and paper reach all of them.

import { serverNow } from "./clock.js";
import * as format from "./format.js";
import { attentionOf, fixAge, isLocked, isStale, lookOf, motionOf } from "./state.js";
import { say } from "./words.js";

/** @typedef {import("./state.js").Vehicle} Vehicle
 * @typedef {{item: HTMLElement, link: HTMLAnchorElement, glyph: SVGUseElement, name: HTMLElement, locked: SVGElement,
 *   flag: SVGElement, value: HTMLElement, sub: HTMLElement, age: HTMLElement, v: Vehicle, seen: boolean, fixSeenAt: number}} Row */

export class VehicleList {
  /** @type {Map<number, Row>} */
  #rows = new Map();
  /** @type {Map<Element, Row>} */
  #byItem = new Map();
  #order = "";
  #inView = new IntersectionObserver((entries) => this.#scrolled(entries), { rootMargin: "200px" });

  /** @param {{list: HTMLElement, template: HTMLTemplateElement}} parts @param {(id: number) => void} onOpen */
  constructor(parts, onOpen) {
    this.list = parts.list;
    this.template = parts.template;
    this.list.addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest("a");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      onOpen(Number(link.dataset.vehicleId));
    });
  }

  /** @param {Vehicle[]} changed @param {number[]} removed */
  take(changed, removed) {
    removed.forEach((id) => this.#drop(id));
    for (const v of changed) this.#write(this.#rows.get(v.vehicle_id) ?? this.#add(v), v);
  }

  /** @param {Vehicle} v @returns {Row} */
  #add(v) {
    const item = /** @type {HTMLElement} */ (this.template.content.firstElementChild?.cloneNode(true));
    const part = (/** @type {string} */ name) => /** @type {any} */ (item.querySelector(`[data-part=${name}]`));
    const row = {
      item, v, seen: false, fixSeenAt: 0, link: part("link"), glyph: part("glyph"), name: part("name"), locked: part("locked"),
      flag: part("flag"), value: part("value"), sub: part("sub"), age: part("age"),
    };
    row.link.dataset.vehicleId = String(v.vehicle_id);
    row.link.href = `?vehicle=${v.vehicle_id}`;
    this.#rows.set(v.vehicle_id, row);
    this.#byItem.set(item, row);
    this.#inView.observe(item);
    return row;
  }

  /** @param {number} id */
  #drop(id) {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#inView.unobserve(row.item);
    this.#byItem.delete(row.item);
    row.item.remove();
    this.#rows.delete(id);
  }

  /** @param {Row} row @param {Vehicle} v */
  #write(row, v) {
    const newFix = row.fixSeenAt === 0 || row.v.ts !== v.ts;
    row.v = v;
    row.link.dataset.fixAt = String(v.ts ?? "");
    put(row.name, v.name);
    put(row.sub, say("row_detail", { driver: v.driver ?? say("no_driver"), plate: v.plate ?? say("no_plate") }));
    toggle(row.locked, !isLocked(v));
    this.#writeState(row);
    if (newFix) row.fixSeenAt = Date.now();
  }

  /** What time changes too. @param {Row} row */
  #writeState(row) {
    const now = serverNow();
    const { v, link } = row;
    const motion = motionOf(v, now);
    const need = attentionOf(v, now);
    set(link, "look", lookOf(v, now));
    set(link, "stale", isStale(v, now) ? "yes" : "no");
    setHref(row.glyph, `#glyph-${motion}`);
    const heading = motion === "moving" ? Math.round((v.course_deg ?? 0) / 15) * 15 : 0;
    /** @type {SVGElement} */ (row.glyph.ownerSVGElement).style.rotate = `${heading}deg`;
    put(row.value, motion === "moving" ? format.speed(v.speed_kmh) : say(`motion_${motion}`));
    put(row.age, format.age(fixAge(v, now)));
    toggle(row.flag, need === null);
    if (need) row.flag.setAttribute("data-level", need.level);
  }

  /** Once a second, for the rows that can be seen; the others are brought up to date when they scroll in. */
  tick() {
    for (const row of this.#rows.values()) if (row.seen) this.#writeState(row);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #scrolled(entries) {
    for (const entry of entries) {
      const row = this.#byItem.get(entry.target);
      if (!row) continue;
      row.seen = entry.isIntersecting;
      if (row.seen) this.#writeState(row);
    }
  }

  /** @param {Vehicle[]} ordered all vehicles in order @param {Set<number>} ids the shown ones */
  arrange(ordered, ids) {
    for (const [id, row] of this.#rows) row.item.hidden = !ids.has(id);
    const order = ordered.map((v) => v.vehicle_id).join();
    if (order === this.#order) return;
    this.#order = order;
    const focused = document.activeElement;
    const top = this.list.scrollTop;
    this.list.append(...ordered.map((v) => /** @type {Row} */ (this.#rows.get(v.vehicle_id)).item));
    this.list.scrollTop = top;
    if (focused instanceof HTMLElement && this.list.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** @param {number | null} id */
  select(id) {
    for (const [other, row] of this.#rows) {
      if (other === id) row.link.setAttribute("aria-current", "true");
      else row.link.removeAttribute("aria-current");
    }
    if (id !== null) this.#rows.get(id)?.item.scrollIntoView({ block: "nearest" });
  }

  /** Moves the focus by rows that are shown. @param {number} by */
  step(by) {
    const shown = [...this.list.children].filter((item) => !(/** @type {HTMLElement} */ (item).hidden));
    const at = shown.findIndex((item) => item.contains(document.activeElement));
    const current = at >= 0 ? at : shown.findIndex((item) => item.querySelector("[aria-current]"));
    const next = shown[Math.min(shown.length - 1, Math.max(0, current + by))];
    next?.querySelector("a")?.focus();
  }

  /** @param {number} id */
  focus(id) {
    this.#rows.get(id)?.link.focus();
  }

  /** @param {number} id @returns {number | undefined} when the newest fix came into view, ms of this browser's clock */
  fixSeenAt(id) {
    return this.#rows.get(id)?.fixSeenAt;
  }
}

/** Writing the same text again would still cost a layout. @param {HTMLElement} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** @param {SVGUseElement} use @param {string} href */
function setHref(use, href) {
  if (use.getAttribute("href") !== href) use.setAttribute("href", href);
}

/** @param {Element} element @param {boolean} hidden */
function toggle(element, hidden) {
  if (element.hasAttribute("hidden") !== hidden) element.toggleAttribute("hidden", hidden);
}
