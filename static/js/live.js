// The line to the server: a websocket that resumes where it was cut, and polling when it cannot be opened.

import { hearServerTime, serverNow } from "./clock.js";

/**
 * @typedef {object} Fact
 * @property {string} id its place in the stream, the same whenever it is told
 * @property {string} name
 * @property {number} vehicle_id
 * @property {number} at ms
 * @property {string} text
 *
 * @typedef {object} Message
 * @property {"snapshot" | "delta" | "tick"} type
 * @property {string} epoch
 * @property {string} offset
 * @property {number} now ms
 * @property {import("./state.js").Vehicle[]} [vehicles] of a snapshot whole; of a delta, those known already only with what changed
 * @property {number[]} [gone] vehicles that are out of sight now
 * @property {Fact[]} [facts]
 *
 * @typedef {"connecting" | "live" | "polling" | "lost" | "signed_out"} LineState
 */

const SILENCE_MS = 15_000;
const POLL_MS = 5_000;
const FAILURES_BEFORE_POLLING = 2;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;

export class Live {
  epoch = "";
  offset = "";
  /** @type {LineState} */
  state = "connecting";
  /** When the server was last heard, by its own clock. */
  heardAt = 0;
  #failures = 0;
  /** @type {WebSocket | null} */
  #socket = null;
  #silence = 0;
  #retry = 0;
  #poll = 0;

  /**
   * @param {{socket: string, poll: string}} urls
   * @param {(message: Message) => void} onMessage
   * @param {(state: LineState) => void} onState
   */
  constructor(urls, onMessage, onState) {
    this.urls = urls;
    this.onMessage = onMessage;
    this.onState = onState;
  }

  start() {
    addEventListener("online", () => this.#connect());
    addEventListener("pagehide", () => this.#hangUp());
    addEventListener("pageshow", (event) => event.persisted && this.#connect());
    this.#connect();
  }

  #connect() {
    this.#hangUp();
    const url = new URL(this.#withPlace(this.urls.socket), location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = (event) => this.#take(JSON.parse(event.data), "live");
    socket.onclose = () => this.#failed();
    this.#expectNews();
  }

  /** @param {string} path */
  #withPlace(path) {
    return `${path}?${new URLSearchParams({ epoch: this.epoch, offset: this.offset })}`;
  }

  /** @param {Message} message @param {"live" | "polling"} via */
  #take(message, via) {
    if (message.type === "delta" && message.epoch !== this.epoch) return this.#startAgain();
    hearServerTime(message.now);
    this.heardAt = message.now;
    this.epoch = message.epoch;
    this.offset = message.offset;
    if (via === "live") {
      this.#failures = 0;
      this.#stopPolling();
      this.#expectNews();
    }
    this.onMessage(message);
    this.#become(via);
  }

  /** The server counts anew: forget our place, and it answers with a snapshot. */
  #startAgain() {
    this.epoch = "";
    this.offset = "";
    this.#connect();
  }

  #expectNews() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#failed(), SILENCE_MS);
  }

  #failed() {
    this.#hangUp();
    this.#failures += 1;
    if (this.#failures >= FAILURES_BEFORE_POLLING) this.#startPolling();
    else this.#become("connecting");
    const wait = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#failures);
    this.#retry = setTimeout(() => this.#connect(), wait * (0.5 + Math.random() / 2));
  }

  #hangUp() {
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    if (!this.#socket) return;
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }

  #startPolling() {
    if (this.#poll) return;
    this.#poll = setInterval(() => this.#ask(), POLL_MS);
    this.#ask();
  }

  #stopPolling() {
    clearInterval(this.#poll);
    this.#poll = 0;
  }

  async #ask() {
    try {
      const answer = await fetch(this.#withPlace(this.urls.poll), {
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.timeout(POLL_MS),
      });
      if (answer.type === "opaqueredirect" || answer.status === 401) return this.#become("signed_out");
      if (!answer.ok) return this.#become("lost");
      const messages = await answer.json();
      if (!this.#poll) return;
      for (const message of messages) this.#take(message, "polling");
    } catch {
      if (this.#poll) this.#become("lost");
    }
  }

  /** @param {LineState} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }

  /** @returns {number} ms since the server was last heard */
  quietFor() {
    return this.heardAt ? serverNow() - this.heardAt : 0;
  }
}
