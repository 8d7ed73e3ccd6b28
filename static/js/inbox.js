// The keyboard of the inbox, and its list kept fresh while nobody is at work in it. Without scripts all of it is buttons.

import { listen } from "./keys.js";

const REFRESH_MS = 10_000;

const rows = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-item]")]);
const rowOf = (/** @type {Element | null} */ element) => /** @type {HTMLElement | null} */ (element?.closest("[data-item]") ?? null);
const box = (/** @type {HTMLElement} */ row) => /** @type {HTMLInputElement | null} */ (row.querySelector("[data-pick]"));
const ticked = () => rows().filter((row) => box(row)?.checked);

// The row that is looked at, by its place: what was closed is gone, and the next one stands there.
let place = 0;

/** @param {number} to */
function look(to) {
  const all = rows();
  if (!all.length) return;
  place = Math.max(0, Math.min(to, all.length - 1));
  /** @type {HTMLElement} */ (all[place].querySelector("[data-row-link]")).focus();
  all[place].scrollIntoView({ block: "nearest" });
}

function here() {
  const row = rowOf(document.activeElement);
  if (row) place = rows().indexOf(row);
  return row;
}

/** @param {number} by */
function move(by) {
  look(here() ? place + by : place);
}

/** Ticks the row that is looked at when none is ticked; whether anything is. */
function mean() {
  if (ticked().length) return true;
  const row = here();
  const own = row && box(row);
  if (own) own.click();
  return Boolean(own);
}

/** @param {string} key */
function press(key) {
  if (!mean()) return;
  /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${key}"]`))?.click();
}

function tick() {
  const row = here();
  if (row) box(row)?.click();
}

function putOff() {
  if (mean()) /** @type {HTMLElement | null} */ (document.querySelector('[data-key="s"]'))?.focus();
}

function untick() {
  for (const row of ticked()) box(row)?.click();
  look(place);
}

listen(
  { Escape: untick },
  { j: () => move(1), k: () => move(-1), x: tick, a: () => press("a"), m: () => press("m"), e: () => press("e"), s: putOff },
);

// After something was done nothing is ticked any more, and the keyboard goes on where it was.
document.addEventListener("htmx:after:swap", () => {
  if (!document.querySelector(".inbox-told > *")) return;
  for (const row of ticked()) box(row)?.click();
  if (document.activeElement === document.body) look(place);
});

setInterval(() => {
  const list = document.getElementById("inbox");
  if (!list || document.hidden || ticked().length || list.contains(document.activeElement)) return;
  list.dispatchEvent(new CustomEvent("erp:refresh"));
}, REFRESH_MS);
