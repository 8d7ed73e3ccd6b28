// The inspection: photos are made smaller and kept at once, damage is tapped on the map, a signature drawn as a line.
// Without this, files are sent by their button, the part is chosen by name, and a tick signs.

const LONGEST_PX = 1800;
const QUALITY = 0.85;

for (const form of document.querySelectorAll("[data-photo-form]")) keepAtOnce(/** @type {HTMLFormElement} */ (form));
const map = /** @type {SVGSVGElement | null} */ (document.querySelector("[data-vehicle-map]"));
if (map) listenToTaps(map);
const signing = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-signature-form]"));
if (signing) letSign(signing);

/** @param {HTMLFormElement} form */
function keepAtOnce(form) {
  form.classList.add("is-live");
  const input = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
  const send = async () => {
    const file = input.files?.[0];
    if (!file) return;
    form.classList.add("is-sending");
    const smaller = await shrink(file);
    if (smaller) {
      const files = new DataTransfer();
      files.items.add(smaller);
      input.files = files.files;
    }
    form.requestSubmit();
  };
  input.addEventListener("change", send);
  // Chosen before this was here.
  void send();
}

/** A photo no larger than it need be: a phone's own takes a minute on a weak line. What cannot be read is sent as it is.
 * @param {File} file */
async function shrink(file) {
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_PX / Math.max(image.width, image.height));
    if (scale === 1 && file.size < 1_000_000) return null;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return blob ? new File([/** @type {Blob} */ (blob)], "photo.jpg", { type: "image/jpeg" }) : null;
  } catch {
    return null;
  }
}

/** @param {SVGSVGElement} map */
function listenToTaps(map) {
  const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-damage-form]"));
  const step = /** @type {HTMLDetailsElement} */ (document.querySelector("[data-damage-step]"));
  const place = /** @type {HTMLSelectElement} */ (form.elements.namedItem("place"));
  const cross = /** @type {SVGGElement} */ (map.querySelector("[data-cross]"));
  const put = (/** @type {number} */ x, /** @type {number} */ y) => {
    /** @type {HTMLInputElement} */ (form.elements.namedItem("x")).value = String(x);
    /** @type {HTMLInputElement} */ (form.elements.namedItem("y")).value = String(y);
    cross.removeAttribute("hidden");
    cross.setAttribute("transform", `translate(${x} ${y})`);
  };
  map.classList.add("is-live");
  map.addEventListener("click", (event) => {
    const box = map.getBoundingClientRect();
    put(thousandth((event.clientX - box.left) / box.width), thousandth((event.clientY - box.top) / box.height));
    place.value = "";
    step.open = true;
  });
  place.addEventListener("change", () => {
    const { x, y } = place.selectedOptions[0]?.dataset ?? {};
    if (x && y) put(Number(x), Number(y));
  });
}

/** @param {HTMLFormElement} form */
function letSign(form) {
  const pad = /** @type {HTMLElement} */ (form.querySelector("[data-sign-pad]"));
  const path = /** @type {SVGPathElement} */ (form.querySelector("[data-sign-path]"));
  const clear = /** @type {HTMLButtonElement} */ (form.querySelector("[data-sign-clear]"));
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("strokes"));
  /** @type {[number, number][][]} */
  let strokes = [];
  const write = () => {
    field.value = JSON.stringify(strokes);
    path.setAttribute("d", strokes.map((one) => `M${one.map(([x, y]) => `${x} ${y * 0.4}`).join(" L")}`).join(" "));
    pad.classList.toggle("is-signed", strokes.length > 0);
  };
  const point = (/** @type {PointerEvent} */ event) => {
    const box = pad.getBoundingClientRect();
    return /** @type {[number, number]} */ ([thousandth((event.clientX - box.left) / box.width), thousandth((event.clientY - box.top) / box.height)]);
  };
  pad.removeAttribute("hidden");
  clear.removeAttribute("hidden");
  pad.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    strokes.push([point(event)]);
    write();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!pad.hasPointerCapture(event.pointerId)) return;
    const stroke = strokes[strokes.length - 1];
    const [x, y] = point(event);
    const [lastX, lastY] = stroke[stroke.length - 1];
    if (Math.abs(x - lastX) + Math.abs(y - lastY) < 6) return;
    stroke.push([x, y]);
    write();
  });
  clear.addEventListener("click", () => {
    strokes = [];
    write();
  });
}

/** @param {number} part */
const thousandth = (part) => Math.min(1000, Math.max(0, Math.round(part * 1000)));
