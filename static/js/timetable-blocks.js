// What the timetable shows, read from its page: vehicles, blocks, and what would be in the way of what. No events here.

/** @typedef {{id: string, vehicle: string, driver: string, who: string, start: number, end: number | null, version: string, state: string, element: HTMLElement}} Block
 * @typedef {{start: number, end: number | null, vehicle: string}} Place */

export const MINUTE = 60_000;

export class Table {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.since = Number(root.dataset.since);
    this.until = Number(root.dataset.until);
    this.zone = root.dataset.zone ?? "UTC";
    this.step = Number(root.dataset.step) * MINUTE;
    this.mayAssign = "mayAssign" in root.dataset;
    /** @type {HTMLElement[]} */
    this.rows = [...root.querySelectorAll(".tt-row")].map((row) => /** @type {HTMLElement} */ (row));
    /** @type {Map<string, Block>} */
    this.blocks = new Map();
    for (const found of root.querySelectorAll(".tt-block[data-id]")) {
      const block = readBlock(/** @type {HTMLElement} */ (found));
      this.blocks.set(block.id, block);
    }
    const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: this.zone };
    this.short = new Intl.DateTimeFormat("en-GB", /** @type {any} */ (time));
    this.long = new Intl.DateTimeFormat("en-GB", /** @type {any} */ ({ weekday: "short", day: "numeric", month: "short", ...time }));
  }

  /** How far across the lane a moment is, 0 to 1, kept inside. @param {number} ms */
  across(ms) {
    return Math.min(1, Math.max(0, (ms - this.since) / (this.until - this.since)));
  }

  /** The moment at a point of the screen. @param {HTMLElement} lane @param {number} x */
  momentAt(lane, x) {
    const box = lane.getBoundingClientRect();
    return this.since + ((x - box.left) / box.width) * (this.until - this.since);
  }

  /** To the step that can be seen, counted from the first moment shown. @param {number} ms */
  snap(ms) {
    return this.since + Math.round((ms - this.since) / this.step) * this.step;
  }

  /** @param {string} vehicle @returns {HTMLElement | undefined} */
  row(vehicle) {
    return this.rows.find((row) => row.dataset.vehicle === vehicle);
  }

  /** Where a block may go: once it runs only its end moves, once it has ended nothing. @param {Block} block */
  freedom(block) {
    if (!this.mayAssign) return "none";
    return block.state === "planned" ? "all" : block.state === "begun" ? "end" : "none";
  }

  /** The block that is in the way of `block` at a place, if one is. @param {Block} block @param {Place} place */
  inTheWay(block, place) {
    const end = place.end ?? Infinity;
    return [...this.blocks.values()].find(
      (other) =>
        other.id !== block.id &&
        (other.vehicle === place.vehicle || other.driver === block.driver) &&
        other.start < end &&
        place.start < (other.end ?? Infinity),
    );
  }

  /** Tue 24 Nov, 08:00 – 16:00. @param {Place} place */
  describe(place) {
    if (place.end === null) return `${this.long.format(place.start)} –`;
    const sameDay = this.long.format(place.start).slice(0, 10) === this.long.format(place.end).slice(0, 10);
    return `${this.long.format(place.start)} – ${(sameDay ? this.short : this.long).format(place.end)}`;
  }

  /** Put every block and day where it belongs. */
  arrange() {
    for (const block of this.blocks.values()) this.place(block.element, block);
    for (const day of this.root.querySelectorAll(".tt-day")) {
      const element = /** @type {HTMLElement} */ (day);
      element.style.setProperty("--tt-left", percent(this.across(Number(element.dataset.ms))));
    }
    this.root.style.setProperty("--tt-day", percent(1 / Math.max(1, this.root.querySelectorAll(".tt-day").length)));
    this.root.classList.add("is-placed");
  }

  /** @param {HTMLElement} element @param {{start: number, end: number | null}} span */
  place(element, span) {
    const left = this.across(span.start);
    const right = span.end === null ? 1 : this.across(span.end);
    element.style.setProperty("--tt-left", percent(left));
    element.style.setProperty("--tt-width", percent(Math.max(right - left, 0.002)));
    element.classList.toggle("goes-on", span.end === null || span.end > this.until);
    element.classList.toggle("came-in", span.start < this.since);
  }
}

/** @param {HTMLElement} element @returns {Block} */
function readBlock(element) {
  const row = /** @type {HTMLElement} */ (element.closest(".tt-row"));
  const { id = "", driver = "", who = "", start, end, version = "", state = "" } = element.dataset;
  const vehicle = row.dataset.vehicle ?? "";
  return { id, vehicle, driver, who, start: Number(start), end: end ? Number(end) : null, version, state, element };
}

/** @param {number} part */
const percent = (part) => `${(part * 100).toFixed(4)}%`;
