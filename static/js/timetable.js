// The timetable: the document holds the plan, this places it in time, moves it, and keeps it up to date.

import { serverNow } from "./clock.js";
import { Moves } from "./timetable-moves.js";
import { Table } from "./timetable-blocks.js";
import { say } from "./words.js";

const REFRESH_MS = 5_000;
const ZOOMS = [1, 2, 4];
const WIDE = window.matchMedia("(width >= 768px)");

/** @typedef {import("./timetable-blocks.js").Block} Block @typedef {import("./timetable-blocks.js").Place} Place */

class Timetable {
  #zoom = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.table = new Table(root);
    this.spoken = /** @type {HTMLElement} */ (document.querySelector("[data-tt-spoken]"));
    this.dialog = /** @type {HTMLDialogElement} */ (document.querySelector("[data-tt-dialog]"));
    this.moves = new Moves({
      table: () => this.table,
      speak: (text) => this.speak(text),
      save: (block, place) => this.save(block, place),
      plan: (place) => this.plan(place),
    });
    this.#take(root);
    this.#listen();
  }

  /** @param {HTMLElement} root */
  #take(root) {
    this.table = new Table(root);
    this.table.arrange();
    this.moves.listen(root);
    this.#fit();
    this.#showNow();
    root.querySelector("[data-tt-zoom]")?.removeAttribute("hidden");
    root.querySelector("[data-tt-in]")?.addEventListener("click", () => this.#zoomBy(1));
    root.querySelector("[data-tt-out]")?.addEventListener("click", () => this.#zoomBy(-1));
    root.addEventListener("click", (event) => this.#click(event));
  }

  #listen() {
    WIDE.addEventListener("change", () => this.#fit());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.querySelector("[data-tt-new]")?.addEventListener("click", (event) => {
      event.preventDefault();
      void this.open(/** @type {HTMLAnchorElement} */ (event.currentTarget).href);
    });
    document.querySelector("[data-tt-close]")?.addEventListener("click", () => this.dialog.close());
    window.setInterval(() => this.#showNow(), 30_000);
    window.setInterval(() => void this.refresh(), REFRESH_MS);
  }

  #fit() {
    this.table.root.classList.toggle("is-wide", WIDE.matches);
    this.table.root.dataset.zoom = String(ZOOMS[this.#zoom]);
  }

  #showNow() {
    const { root } = this.table;
    let line = root.querySelector(".tt-now");
    const now = serverNow();
    if (now < this.table.since || now >= this.table.until) {
      line?.remove();
      return;
    }
    if (!line) {
      line = document.createElement("i");
      line.className = "tt-now";
      line.setAttribute("aria-hidden", "true");
      root.querySelector(".tt-days")?.append(line);
    }
    /** @type {HTMLElement} */ (line).style.setProperty("--tt-left", `${this.table.across(now) * 100}%`);
  }

  /** @param {number} by */
  #zoomBy(by) {
    this.#zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.#zoom + by));
    this.#fit();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || this.dialog.open || target.closest("input, select, textarea")) return;
    if (event.key === "+") this.#zoomBy(1);
    else if (event.key === "-") this.#zoomBy(-1);
    else if (event.key === "n") /** @type {HTMLElement | null} */ (document.querySelector("[data-tt-new]"))?.click();
    else if (event.key === "t") /** @type {HTMLElement | null} */ (document.querySelector("[data-tt-today]"))?.click();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const link = /** @type {HTMLAnchorElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("a.tt-block"));
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void this.open(link.href);
  }

  /** @param {Place} place */
  plan(place) {
    const local = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: this.table.zone });
    const write = (/** @type {number} */ ms) => local.format(ms).replace(" ", "T");
    const query = new URLSearchParams({ vehicle_id: place.vehicle, starts_at: write(place.start) });
    if (place.end !== null) query.set("ends_at", write(place.end));
    const link = /** @type {HTMLAnchorElement} */ (document.querySelector("[data-tt-new]"));
    void this.open(`${link.href.split("?")[0]}?${query}`);
  }

  /** @param {string} url */
  async open(url) {
    const answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "section#planned" } });
    if (!answer.ok || answer.redirected) {
      window.location.assign(url);
      return;
    }
    /** @type {HTMLElement} */ (this.dialog.querySelector("[data-tt-dialog-body]")).innerHTML = await answer.text();
    this.dialog.showModal();
    /** @type {HTMLElement | null} */ (this.dialog.querySelector("select, input:not([type=hidden]), summary"))?.focus();
  }

  /** @param {Block} block @param {Place} place */
  async save(block, place) {
    const token = /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=csrf-token]")).content;
    const body = {
      ...(place.vehicle === block.vehicle ? {} : { vehicle_id: Number(place.vehicle) }),
      ...(place.start === block.start ? {} : { starts_at: new Date(place.start).toISOString() }),
      ...(place.end === block.end ? {} : { ends_at: place.end === null ? null : new Date(place.end).toISOString() }),
    };
    const href = /** @type {HTMLAnchorElement} */ (block.element).href;
    try {
      const answer = await fetch(`${href}/times`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": token, "If-Match": `"${block.version}"` },
        body: JSON.stringify(body),
      });
      const told = (answer.headers.get("Content-Type") ?? "").startsWith("application/json") ? await answer.json() : null;
      this.tell(told?.text ?? say("request_failed"), answer.ok);
    } catch {
      this.tell(say("request_failed"), false);
    }
    await this.refresh(true, block.id);
  }

  /** @param {string} text */
  speak(text) {
    this.spoken.textContent = text;
  }

  /** Say it where it is seen, too. @param {string} text @param {boolean} isGood */
  tell(text, isGood) {
    this.speak(text);
    const notice = document.createElement("p");
    notice.className = `notice ${isGood ? "notice-ok" : "notice-act"}`;
    notice.textContent = text;
    document.getElementById("flash")?.replaceChildren(notice);
  }

  /** Take what others have changed, unless somebody is at it here. @param {boolean} [now] @param {string} [focus] */
  async refresh(now = false, focus = "") {
    if (!now && (this.moves.isBusy || this.dialog.open || document.hidden)) return;
    let answer;
    try {
      answer = await fetch(window.location.href, { headers: { "HX-Request": "true", "HX-Target": "section#timetable" } });
    } catch {
      return;
    }
    if (!answer.ok || answer.redirected) return;
    const made = document.createElement("template");
    made.innerHTML = await answer.text();
    const root = /** @type {HTMLElement | null} */ (made.content.querySelector("#timetable"));
    if (!root || (!now && (this.moves.isBusy || this.dialog.open || told(root) === told(this.table.root)))) return;
    this.#replace(root, focus || this.#focused());
  }

  #focused() {
    const block = /** @type {HTMLElement | null} */ (document.activeElement?.closest(".tt-block") ?? null);
    return block?.dataset.id ?? "";
  }

  /** @param {HTMLElement} root @param {string} focus */
  #replace(root, focus) {
    const old = this.table.root;
    const scrolled = old.querySelector(".tt-scroll")?.scrollLeft ?? 0;
    old.replaceWith(root);
    this.#take(root);
    root.querySelector(".tt-scroll")?.scrollTo({ left: scrolled });
    if (focus) this.table.blocks.get(focus)?.element.focus({ preventScroll: true });
  }
}

/** What a timetable tells, without how it is placed. @param {HTMLElement} root */
function told(root) {
  const parts = [...root.querySelectorAll(".tt-row, .tt-block[data-id]")];
  return parts.map((part) => `${part.textContent} ${part.getAttribute("data-version")}`.replace(/\s+/g, " ")).join("\n");
}

const root = document.getElementById("timetable");
if (root?.querySelector(".tt-grid")) new Timetable(root);
