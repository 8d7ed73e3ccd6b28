// Photos are made smaller before they leave the phone: a yard has little of a network, and a paper is read at two
// thousand pixels as well as at twelve. What cannot be drawn (a PDF, an unknown kind) goes as it is.

import { say } from "./words.js";

const LONGEST = 2000;
const QUALITY = 0.85;
// Below this nothing is won.
const SMALL_BYTES = 700_000;

/** @param {File} file @returns {Promise<File>} */
async function shrink(file) {
  if (!file.type.startsWith("image/") || file.size < SMALL_BYTES) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(picture, 0, 0, canvas.width, canvas.height);
    const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (!small || small.size >= file.size) return file;
    return new File([small], file.name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg" });
  } catch {
    return file;
  }
}

/** @param {SubmitEvent} event */
async function send(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.shrunk) return;
  event.preventDefault();
  const told = form.querySelector("[data-shrink-told]");
  if (told) told.textContent = say("files_sending");
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[type=file]"))) {
    const chosen = new DataTransfer();
    for (const file of input.files ?? []) chosen.items.add(await shrink(file));
    input.files = chosen.files;
  }
  form.dataset.shrunk = "yes";
  form.submit();
}

for (const form of document.querySelectorAll("form[data-shrink]")) {
  form.addEventListener("submit", (event) => void send(/** @type {SubmitEvent} */ (event)));
}
// A page that comes back from the browser's memory is ready to send again.
addEventListener("pageshow", () => {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-shrink]"))) {
    delete form.dataset.shrunk;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
});
