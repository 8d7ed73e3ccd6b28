// Moving and resizing blocks, by hand and by keyboard: both try places on a ghost and save the last one.

import { say } from "./words.js";

/** @typedef {import("./timetable-blocks.js").Table} Table @typedef {import("./timetable-blocks.js").Block} Block
 * @typedef {import("./timetable-blocks.js").Place} Place */

const EDGE_PX = 9;
const DRAG_PX = 4;

/** One attempt to put a block elsewhere, as it is shown before it is saved. */
class Trial {
  /** @param {Table} table @param {Block} block @param {(text: string) => void} speak */
  constructor(table, block, speak) {
    this.table = table;
    this.block = block;
    this.speak = speak;
    /** @type {Place} */
    this.place = { start: block.start, end: block.end, vehicle: block.vehicle };
    this.ghost = document.createElement("div");
    this.ghost.className = "tt-ghost";
    this.label = document.createElement("span");
    this.ghost.append(this.label);
    block.element.classList.add("is-moving");
  }

  /** @param {Partial<Place>} change */
  try(change) {
    const place = { ...this.place, ...change };
    if (place.end !== null && place.end - place.start < this.table.step) return;
    this.place = place;
    const other = this.table.inTheWay(this.block, place);
    const vehicle = this.table.row(place.vehicle);
    const words = { when: this.table.describe(place), vehicle: vehicle?.dataset.name ?? "", who: other?.who ?? "" };
    const text = say(other ? "tt_in_the_way" : "tt_free", words);
    this.ghost.classList.toggle("is-taken", Boolean(other));
    this.label.textContent = text;
    this.table.place(this.ghost, place);
    vehicle?.querySelector(".tt-lane")?.append(this.ghost);
    for (const block of this.table.blocks.values()) block.element.classList.toggle("is-in-the-way", block === other);
    this.speak(text);
  }

  get isChanged() {
    const { start, end, vehicle } = this.place;
    return start !== this.block.start || end !== this.block.end || vehicle !== this.block.vehicle;
  }

  drop() {
    this.ghost.remove();
    this.block.element.classList.remove("is-moving");
    for (const block of this.table.blocks.values()) block.element.classList.remove("is-in-the-way");
  }
}

export class Moves {
  /** @type {Trial | null} */
  #trial = null;
  #dragged = false;

  /** @param {{table: () => Table, speak: (text: string) => void, save: (block: Block, place: Place) => Promise<void>, plan: (place: Place) => void}} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** Whether something is being moved: the page is then left as it is. */
  get isBusy() {
    return this.#trial !== null;
  }

  /** @param {HTMLElement} root */
  listen(root) {
    root.addEventListener("pointerdown", (event) => this.#press(event));
    root.addEventListener("keydown", (event) => this.#key(event));
    // A drag ends with a click, which is not meant to open what was dragged.
    root.addEventListener("click", (event) => this.#dragged && event.preventDefault(), { capture: true });
    root.addEventListener("focusout", (event) => {
      if (this.#trial && event.target === this.#trial.block.element && !this.#dragged) this.#giveUp();
    });
  }

  /** @param {EventTarget | null} target */
  #blockOf(target) {
    const element = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (target).closest?.(".tt-block[data-id]"));
    return element ? this.parts.table().blocks.get(element.dataset.id ?? "") : undefined;
  }

  /** @param {PointerEvent} event */
  #press(event) {
    this.#dragged = false;
    const table = this.parts.table();
    if (event.button !== 0 || event.pointerType === "touch" || !table.root.classList.contains("is-wide")) return;
    const lane = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest(".tt-lane"));
    const block = this.#blockOf(event.target);
    if (!lane || !table.mayAssign || (block && table.freedom(block) === "none")) return;
    const how = block ? howHeld(block, event.clientX, table) : "new";
    const from = table.momentAt(lane, event.clientX);
    const move = (/** @type {PointerEvent} */ moved) => this.#drag(moved, { block, how, lane, from, startX: event.clientX });
    const stop = (/** @type {Event} */ ended) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
      window.removeEventListener("pointercancel", stop);
      if (ended.type === "pointerup") this.#release(how);
      else this.#giveUp();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
    window.addEventListener("pointercancel", stop);
  }

  /** @param {PointerEvent} event @param {{block: Block | undefined, how: string, lane: HTMLElement, from: number, startX: number}} held */
  #drag(event, { block, how, lane, from, startX }) {
    if (!this.#dragged && Math.abs(event.clientX - startX) < DRAG_PX && how !== "all") return;
    if (!this.#dragged && Math.abs(event.clientX - startX) < DRAG_PX && this.#rowAt(event) === lane.closest(".tt-row")) return;
    event.preventDefault();
    this.#dragged = true;
    const table = this.parts.table();
    const to = table.momentAt(lane, event.clientX);
    if (!this.#trial) this.#trial = new Trial(table, block ?? newBlock(lane, table.snap(from), table), this.parts.speak);
    const was = this.#trial.block;
    if (how === "new") {
      const [first, last] = [table.snap(Math.min(from, to)), table.snap(Math.max(from, to))];
      this.#trial.try({ start: first, end: Math.max(last, first + table.step) });
    } else if (how === "end") this.#trial.try({ end: table.snap((was.end ?? to) + (to - from)) });
    else if (how === "start") this.#trial.try({ start: table.snap(was.start + (to - from)) });
    else {
      const by = table.snap(was.start + (to - from)) - was.start;
      const row = this.#rowAt(event);
      this.#trial.try({ start: was.start + by, end: was.end === null ? null : was.end + by, vehicle: row?.dataset.vehicle ?? was.vehicle });
    }
  }

  /** @param {PointerEvent} event @returns {HTMLElement | undefined} */
  #rowAt(event) {
    return this.parts.table().rows.find((row) => {
      const box = row.getBoundingClientRect();
      return event.clientY >= box.top && event.clientY < box.bottom;
    });
  }

  /** @param {string} how */
  #release(how) {
    const trial = this.#trial;
    if (!trial) return;
    if (how === "new") {
      this.#giveUp();
      this.parts.plan(trial.place);
    } else void this.#save();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const block = this.#blockOf(event.target);
    if (!block || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.#trial && event.key === "Enter") {
      event.preventDefault();
      void this.#save();
    } else if (this.#trial && event.key === "Escape") {
      event.preventDefault();
      this.#giveUp();
      this.parts.speak(say("tt_put_back"));
    } else if (event.key.startsWith("Arrow")) this.#arrow(event, block);
  }

  /** @param {KeyboardEvent} event @param {Block} block */
  #arrow(event, block) {
    const table = this.parts.table();
    const freedom = table.freedom(block);
    const change = freedom === "none" ? null : nextPlace(event, this.#trial?.place ?? block, freedom, table);
    event.preventDefault();
    if (!change) {
      this.parts.speak(say(freedom === "none" ? "tt_fixed" : "tt_only_end"));
      return;
    }
    if (!this.#trial) this.#trial = new Trial(table, block, this.parts.speak);
    this.#trial.try(change);
  }

  async #save() {
    const trial = this.#trial;
    if (!trial) return;
    if (trial.isChanged) await this.parts.save(trial.block, trial.place);
    trial.drop();
    this.#trial = null;
  }

  #giveUp() {
    this.#trial?.drop();
    this.#trial = null;
  }
}

/** Which part of a block the pointer holds. @param {Block} block @param {number} x @param {Table} table */
function howHeld(block, x, table) {
  const box = block.element.getBoundingClientRect();
  const isEnd = x > box.right - EDGE_PX && block.end !== null && block.end <= table.until;
  if (table.freedom(block) === "end") return "end";
  if (isEnd) return "end";
  return x < box.left + EDGE_PX && block.start >= table.since ? "start" : "all";
}

/** What an arrow does: sideways in time, with Shift the end alone, up and down to other vehicles.
 * @param {KeyboardEvent} event @param {Place} place @param {string} freedom @param {Table} table @returns {Partial<Place> | null} */
function nextPlace(event, place, freedom, table) {
  const by = event.key === "ArrowLeft" ? -table.step : event.key === "ArrowRight" ? table.step : 0;
  if (by !== 0 && (event.shiftKey || freedom === "end")) {
    return { end: place.end === null ? table.snap(Math.max(table.until, place.start)) + by : place.end + by };
  }
  if (freedom === "end") return null;
  if (by !== 0) return { start: place.start + by, end: place.end === null ? null : place.end + by };
  const index = table.rows.findIndex((row) => row.dataset.vehicle === place.vehicle);
  const row = table.rows[index + (event.key === "ArrowDown" ? 1 : -1)];
  return { vehicle: row?.dataset.vehicle ?? place.vehicle };
}

/** What is dragged out of an empty place has no driver yet: only the vehicle can be taken. @param {HTMLElement} lane @param {number} start @param {Table} table @returns {Block} */
function newBlock(lane, start, table) {
  const vehicle = /** @type {HTMLElement} */ (lane.closest(".tt-row")).dataset.vehicle ?? "";
  const element = document.createElement("div");
  return { id: "", vehicle, driver: "nobody", who: "", start, end: start + table.step, version: "", state: "planned", element };
}
