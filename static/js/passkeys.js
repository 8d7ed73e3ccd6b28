// Passkeys: asks the browser for one, or to make one, and sends what it answers with the form around the button.
//
// <form data-passkey="get|create" data-options="address">: a hidden field `data-passkey-answer` takes the answer,
// `data-passkey-ask` is the button, `data-passkey-problem` the place for words when it did not work.

import { say } from "./words.js";

/** @param {HTMLFormElement} form */
function makeReady(form) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("[data-passkey-ask]"));
  button.hidden = false;
  if (!isSupported()) {
    button.disabled = true;
    tell(form, "passkey_unsupported");
    return;
  }
  button.addEventListener("click", () => void ask(form, button));
}

function isSupported() {
  return typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === "function";
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 */
async function ask(form, button) {
  const isNew = form.dataset.passkey === "create";
  if (isNew && !form.reportValidity()) return;
  button.disabled = true;
  tell(form, "");
  try {
    const options = await fetchOptions(form);
    const credential = await (isNew ? create(options) : get(options));
    const answer = /** @type {HTMLInputElement} */ (form.querySelector("[data-passkey-answer]"));
    answer.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch (error) {
    tell(form, wordsFor(/** @type {Error} */ (error)));
    button.disabled = false;
  }
}

/** @param {HTMLFormElement} form */
async function fetchOptions(form) {
  const token = /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=csrf-token]")).content;
  const headers = { "X-CSRF-Token": token };
  const answer = await fetch(/** @type {string} */ (form.dataset.options), { method: "POST", headers });
  if (answer.redirected || !answer.ok) throw new Error(`the options were answered with ${answer.status}`);
  return answer.json();
}

/** @param {PublicKeyCredentialCreationOptionsJSON} options */
async function create(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return /** @type {PublicKeyCredential} */ (await navigator.credentials.create({ publicKey }));
}

/** @param {PublicKeyCredentialRequestOptionsJSON} options */
async function get(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey }));
}

/**
 * The browser's reasons are few on purpose, so that a page cannot learn what devices somebody has.
 * @param {Error} error
 */
function wordsFor(error) {
  if (error.name === "NotAllowedError") return "passkey_not_used";
  if (error.name === "InvalidStateError") return "passkey_known_already";
  return "passkey_failed";
}

/**
 * @param {HTMLFormElement} form
 * @param {string} words
 */
function tell(form, words) {
  const place = /** @type {HTMLElement} */ (form.querySelector("[data-passkey-problem]"));
  place.textContent = words && say(words);
  place.hidden = !words;
}

for (const form of document.querySelectorAll("form[data-passkey]")) makeReady(/** @type {HTMLFormElement} */ (form));
