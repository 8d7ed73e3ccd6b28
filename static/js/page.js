// What every page needs: the theme of this device, ages that grow, and words when a request fails.

import { serverNow } from "./clock.js";
import { age } from "./format.js";
import { say } from "./words.js";

function followThemeChoice() {
  const chosen = localStorage.getItem("theme") ?? "system";
  for (const input of document.querySelectorAll("[data-theme-choice] input")) {
    const radio = /** @type {HTMLInputElement} */ (input);
    radio.checked = radio.value === chosen;
    radio.addEventListener("change", () => chooseTheme(radio.value));
  }
}

/** @param {string} theme */
function chooseTheme(theme) {
  if (theme === "system") localStorage.removeItem("theme");
  else localStorage.setItem("theme", theme);
  document.dispatchEvent(new CustomEvent("erp:choose-theme"));
}

function writeAges() {
  for (const element of document.querySelectorAll("[data-age]")) {
    const at = Number(/** @type {HTMLElement} */ (element).dataset.age);
    const text = say("age_ago", { age: age(serverNow() - at) });
    if (element.textContent !== text) element.textContent = text;
  }
}

function sendCsrfToken() {
  const token = /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=csrf-token]")).content;
  document.addEventListener("htmx:config:request", (event) => {
    /** @type {CustomEvent} */ (event).detail.ctx.request.headers["X-CSRF-Token"] = token;
  });
}

/** No answer at all: nothing is swapped, so it is said in the place where pages say such things. */
function sayWhenNoAnswer() {
  document.addEventListener("htmx:error", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.ctx?.request.method === "GET") return;
    const flash = document.getElementById("flash");
    const notice = document.createElement("p");
    notice.className = "notice notice-act";
    notice.setAttribute("role", "alert");
    notice.textContent = say("request_failed");
    flash?.replaceChildren(notice);
  });
}

/** An act that needs a proof of who asks is asked for again without htmx, as if there were no scripts: the answer is a
 * whole page, which carries the form on. */
function sendFormsWhole() {
  document.addEventListener("htmx:before:response", (event) => {
    const { response, sourceElement } = /** @type {CustomEvent} */ (event).detail.ctx;
    if (!response.headers.has("X-Send-Form")) return;
    event.preventDefault();
    sourceElement.closest("form").submit();
  });
}

followThemeChoice();
sendFormsWhole();
sendCsrfToken();
sayWhenNoAnswer();
writeAges();
setInterval(writeAges, 1000);
document.addEventListener("htmx:after:swap", writeAges);
