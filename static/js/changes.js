// What happened, newest first, and how much of it happened while nobody looked.

import { serverNow } from "./clock.js";
import * as format from "./format.js";
import { say } from "./words.js";

/** @typedef {import("./live.js").Fact} Fact */

const KEPT = 50;

export class Changes {
  /** @type {Fact[]} */
  #facts = [];
  #unseen = 0;
  #title = document.title;

  /** @param {{button: HTMLElement, badge: HTMLElement, menu: HTMLElement, list: HTMLElement, spoken: HTMLElement}} parts
   * @param {(id: number) => void} onOpen */
  constructor(parts, onOpen) {
    this.parts = parts;
    // Before it is shown, not after: nobody sees it empty.
    parts.menu.addEventListener("beforetoggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState === "open") this.#look();
    });
    parts.list.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest("button");
      if (!button) return;
      parts.menu.hidePopover();
      onOpen(Number(button.dataset.vehicleId));
    });
    this.#count();
  }

  /** @param {Fact[]} facts */
  take(facts) {
    const news = facts.filter((fact) => !this.#facts.some((known) => isSame(known, fact)));
    if (news.length === 0) return;
    this.#facts = [...news.reverse(), ...this.#facts].slice(0, KEPT);
    if (document.hidden) this.#unseen += news.length;
    else this.parts.spoken.textContent = news.map((fact) => fact.text).join(" ");
    this.#count();
    if (this.parts.menu.matches(":popover-open")) this.#write();
  }

  #look() {
    this.#unseen = 0;
    this.#count();
    this.#write();
  }

  #count() {
    const { badge, button } = this.parts;
    badge.hidden = this.#unseen === 0;
    badge.textContent = format.count(this.#unseen);
    button.title = this.#unseen ? say("changes_count", { n: this.#unseen }) : "";
    document.title = this.#unseen ? say("title_count", { n: this.#unseen, title: this.#title }) : this.#title;
  }

  #write() {
    const { list } = this.parts;
    if (this.#facts.length === 0) {
      list.textContent = say("changes_none");
      return;
    }
    list.replaceChildren(...this.#facts.map(line));
  }
}

/** @param {Fact} fact */
function line(fact) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "change";
  button.dataset.vehicleId = String(fact.vehicle_id);
  const text = document.createElement("span");
  text.textContent = fact.text;
  const when = document.createElement("small");
  when.textContent = say("age_ago", { age: format.age(serverNow() - fact.at) });
  button.append(text, when);
  item.append(button);
  return item;
}

/** While polling hands over to the websocket both may bring it. @param {Fact} a @param {Fact} b */
function isSame(a, b) {
  return a.id === b.id && a.vehicle_id === b.vehicle_id;
}
