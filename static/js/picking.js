// Ticking vehicles of the fleet table: all of the page at once, a run of them with the shift key, and how many.
// Without scripts each is ticked by itself, and the bar below shows all the same.

/** @type {HTMLInputElement | null} */
let last = null;

const boxes = () => /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[data-pick]")]);

function tell() {
  const all = boxes();
  const ticked = all.filter((box) => box.checked).length;
  const whole = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-pick-all]"));
  if (whole) {
    whole.checked = ticked > 0 && ticked === all.length;
    whole.indeterminate = ticked > 0 && ticked < all.length;
  }
  for (const place of document.querySelectorAll("[data-picked]")) place.textContent = String(ticked);
}

/** @param {HTMLInputElement} box @param {boolean} isRun */
function pick(box, isRun) {
  const all = boxes();
  if (box.matches("[data-pick-all]")) for (const one of all) one.checked = box.checked;
  else if (isRun && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const one of all.slice(from, to + 1)) one.checked = box.checked;
  }
  if (box.matches("[data-pick]")) last = box;
  tell();
}

document.addEventListener("click", (event) => {
  const box = /** @type {HTMLElement} */ (event.target).closest?.("[data-pick], [data-pick-all]");
  if (box) pick(/** @type {HTMLInputElement} */ (box), event.shiftKey);
});
document.addEventListener("htmx:after:swap", tell);
tell();
