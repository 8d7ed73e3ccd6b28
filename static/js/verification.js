// A document beside its form: larger, smaller, turned, and decided by keys.

import { listen } from "./keys.js";

const pictures = /** @type {NodeListOf<HTMLImageElement>} */ (document.querySelectorAll("[data-picture]"));
const accept = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-accept]"));
const refuse = /** @type {HTMLDetailsElement | null} */ (document.querySelector("[data-refuse]"));
const next = /** @type {HTMLAnchorElement | null} */ (document.querySelector("[data-next]"));
let zoom = 1;
let turn = 0;

function draw() {
  for (const picture of pictures) {
    picture.style.width = `${zoom * 100}%`;
    picture.style.rotate = `${turn}deg`;
  }
}

/** @param {number} by */
function grow(by) {
  zoom = Math.min(4, Math.max(0.5, zoom * by));
  draw();
}

function quarter() {
  turn = (turn + 90) % 360;
  draw();
}

/** What is missing is asked for by the browser; the day is where the hand goes then. */
function submitAcceptance() {
  accept?.requestSubmit();
}

function openRefusal() {
  if (!refuse) return;
  refuse.open = true;
  refuse.querySelector("input[type=radio]")?.scrollIntoView({ block: "nearest" });
  /** @type {HTMLElement | null} */ (refuse.querySelector("input[type=radio]"))?.focus();
}

/** @param {number} index */
function chooseReason(index) {
  if (!refuse?.open) return;
  const radio = /** @type {HTMLInputElement | undefined} */ (refuse.querySelectorAll("input[type=radio]")[index]);
  if (!radio) return;
  radio.checked = true;
  /** @type {HTMLElement | null} */ (refuse.querySelector("textarea"))?.focus();
}

const digits = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [String(index + 1), () => chooseReason(index)]));

if (pictures.length) {
  /** @type {HTMLElement} */ (document.querySelector("[data-tools]")).hidden = false;
  document.querySelector("[data-zoom=in]")?.addEventListener("click", () => grow(1.25));
  document.querySelector("[data-zoom=out]")?.addEventListener("click", () => grow(0.8));
  document.querySelector("[data-turn]")?.addEventListener("click", quarter);
}
// The radio buttons of the reasons are inputs, and digits mean something there too.
refuse?.addEventListener("keydown", (event) => {
  const isRadio = event.target instanceof HTMLInputElement && event.target.type === "radio";
  if (isRadio && event.key in digits) {
    event.preventDefault();
    digits[event.key]();
  }
});
listen(
  {},
  { a: submitAcceptance, r: openRefusal, n: () => next?.click(), t: quarter, "+": () => grow(1.25), "-": () => grow(0.8), ...digits },
);
