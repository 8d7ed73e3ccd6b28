// Pages of a document, sent one by one from a phone: progress, another try, and pictures no larger than they need be.

import { say } from "./words.js";

const LONGEST_SIDE = 2600;
const SHRINK_FROM_BYTES = 1_500_000;

class Uploader {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.input = /** @type {HTMLInputElement} */ (form.elements.namedItem("page"));
    this.rows = /** @type {HTMLElement} */ (form.querySelector("[data-papers-sending]"));
    this.queue = Promise.resolve();
    this.input.multiple = true;
    /** @type {HTMLElement} */ (form.querySelector("[data-papers-plain]")).hidden = true;
    this.input.addEventListener("change", () => this.#take([...(this.input.files ?? [])]));
    this.#offerCamera(/** @type {HTMLButtonElement} */ (form.querySelector("[data-papers-camera]")));
  }

  /** A second way in, which opens the camera at once where there is one. @param {HTMLButtonElement} button */
  #offerCamera(button) {
    if (!matchMedia("(pointer: coarse)").matches) return;
    const camera = document.createElement("input");
    camera.type = "file";
    camera.accept = "image/*";
    camera.setAttribute("capture", "environment");
    camera.addEventListener("change", () => this.#take([...(camera.files ?? [])]));
    button.hidden = false;
    button.addEventListener("click", () => camera.click());
  }

  /** One after the other, in the order in which they were chosen. @param {File[]} files */
  #take(files) {
    for (const file of files) {
      const row = this.#addRow(file.name);
      this.queue = this.queue.then(() => this.#send(file, crypto.randomUUID(), row));
    }
    this.input.value = "";
  }

  /** @param {string} name */
  #addRow(name) {
    const row = document.createElement("li");
    const text = document.createElement("span");
    const bar = document.createElement("progress");
    text.textContent = name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", say("paper_sending", { name }));
    row.append(text, bar);
    this.rows.append(row);
    return row;
  }

  /** A page that is sent again goes under the same key, so it is there once. @param {File} file @param {string} key @param {HTMLLIElement} row */
  async #send(file, key, row) {
    try {
      const page = await shrink(file);
      if (page.size > Number(this.form.dataset.mostBytes)) return this.#fail(row, file, key, say("paper_too_large"), false);
      const answer = await post(this.form, page, file.name, key, /** @type {HTMLProgressElement} */ (row.querySelector("progress")));
      this.#took(answer, row, file, key);
    } catch {
      this.#fail(row, file, key, say("paper_not_sent"), true);
    }
  }

  /** @param {XMLHttpRequest} answer @param {HTMLLIElement} row @param {File} file @param {string} key */
  #took(answer, row, file, key) {
    const page = new DOMParser().parseFromString(answer.responseText, "text/html");
    if (answer.status >= 400 || !page.getElementById("pages")) {
      const why = (page.querySelector(".field-error") ?? page.querySelector(".notice-act p"))?.textContent;
      return this.#fail(row, file, key, why ?? say("paper_not_sent"), answer.status >= 500 || !why);
    }
    row.remove();
    for (const id of ["pages", "hand-in"]) {
      const now = page.getElementById(id);
      if (now) document.getElementById(id)?.replaceWith(now);
    }
  }

  /** @param {HTMLLIElement} row @param {File} file @param {string} key @param {string} why @param {boolean} again */
  #fail(row, file, key, why, again) {
    const problem = document.createElement("p");
    problem.className = "field-error";
    problem.textContent = `${file.name}: ${why}`;
    row.replaceChildren(problem);
    if (!again) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = say("paper_again");
    button.addEventListener("click", () => {
      row.remove();
      this.queue = this.queue.then(() => this.#send(file, key, this.#addRow(file.name)));
    });
    row.append(button);
  }
}

/** @param {HTMLFormElement} form @param {Blob} page @param {string} name @param {string} key @param {HTMLProgressElement} bar @returns {Promise<XMLHttpRequest>} */
function post(form, page, name, key, bar) {
  const body = new FormData();
  const renamed = page.type === "image/jpeg" ? name.replace(/\.\w+$/, "") + ".jpg" : name;
  body.append("upload_key", key);
  body.append("page", page, page instanceof File ? name : renamed);
  const token = /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=csrf-token]")).content;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.timeout = 180_000;
    request.setRequestHeader("X-CSRF-Token", token);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => resolve(request));
    for (const name of ["error", "timeout", "abort"]) request.addEventListener(name, () => reject(new Error(name)));
    request.send(body);
  });
}

/** A large picture, drawn again at a size that can still be read: it is sent in seconds, and without where it was taken.
 * What this browser cannot draw is sent as it is. @param {File} file @returns {Promise<Blob>} */
async function shrink(file) {
  if (!file.type.startsWith("image/") || file.size < SHRINK_FROM_BYTES) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const smaller = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.86));
    return smaller && smaller.size < file.size ? smaller : file;
  } catch {
    return file;
  }
}

for (const form of document.querySelectorAll("form[data-papers]")) new Uploader(/** @type {HTMLFormElement} */ (form));
