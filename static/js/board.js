// The operator's board: the fleet in one store, seen as a list, a map, counters and one open vehicle.

import { Changes } from "./changes.js";
import { serverNow } from "./clock.js";
import { choiceUrl, inOrder, isShown, readChoice, STATES } from "./filters.js";
import { Fleet } from "./fleet.js";
import * as format from "./format.js";
import { listen } from "./keys.js";
import { VehicleList } from "./list.js";
import { Live } from "./live.js";
import { openMap } from "./map.js";
import { Side } from "./side.js";
import { say } from "./words.js";

const REARRANGE_MS = 10_000;

const board = /** @type {HTMLElement} */ (document.getElementById("board"));
/** @param {string} name @returns {any} */
const part = (name) => document.querySelector(`[data-board=${name}]`);

const fleet = new Fleet();
const list = new VehicleList({ list: part("list"), template: part("row") }, (id) => open(id, false));
const side = new Side(part("side"), String(board.dataset.panel), close);
const changes = new Changes(
  { button: part("changes"), badge: part("changes-badge"), menu: part("changes-menu"), list: part("changes-list"), spoken: part("spoken") },
  (id) => open(id, true),
);
const live = new Live({ socket: String(board.dataset.socket), poll: String(board.dataset.poll) }, hear, writeLine);
let choice = readChoice();
/** @type {import("./map.js").FleetMap | null} */
let map = null;
let parks = "";
/** @type {Set<number>} */
let shownIds = new Set();

fleet.onChange((changed, removed) => {
  list.take(changed, removed);
  map?.overlay.take(changed, removed);
  const now = serverNow();
  if (changed.some((v) => isShown(v, choice, now) !== shownIds.has(v.vehicle_id))) arrange();
});

/** @param {import("./live.js").Message} message */
function hear(message) {
  if (message.type === "snapshot") fleet.replace(message.vehicles ?? []);
  else if (message.type === "delta") fleet.merge(message.vehicles ?? [], message.gone ?? []);
  const facts = message.facts ?? [];
  changes.take(facts);
  side.take(fleet.vehicles, new Set(facts.map((fact) => fact.vehicle_id)));
  if (message.gone?.length) leave();
  if (message.type === "snapshot") begin();
}

/** After the first snapshot, and after one that replaced a gap. */
function begin() {
  arrange();
  writeParks();
  map?.fitOnce(fleet.vehicles.values());
  if (choice.vehicle !== null && !side.shows(choice.vehicle)) show(choice.vehicle, false);
}

/** A vehicle is out of sight: moved to a park of others, or written off. */
function leave() {
  arrange();
  writeParks();
  if (choice.vehicle === null || fleet.vehicles.has(choice.vehicle)) return;
  close();
  sayProblem(say("panel_unknown"));
}

/** Order and selection of what is shown, the same in list and map. */
function arrange() {
  const now = serverNow();
  const ordered = inOrder(fleet.vehicles.values(), choice, now);
  shownIds = new Set(ordered.filter((v) => isShown(v, choice, now)).map((v) => v.vehicle_id));
  list.arrange(ordered, shownIds);
  map?.overlay.show(shownIds);
  writeCounts(now);
}

/** @param {number} now */
function writeCounts(now) {
  const all = [...fleet.vehicles.values()];
  for (const chip of document.querySelectorAll("[data-state]")) {
    const { state } = /** @type {HTMLElement} */ (chip).dataset;
    const n = state ? all.filter((v) => STATES[state](v, now)).length : all.length;
    /** @type {HTMLElement} */ (chip.querySelector("[data-count]")).textContent = fleet.known ? format.count(n) : say("unknown");
    chip.setAttribute("aria-pressed", String(choice.state === state));
    /** @type {HTMLElement} */ (chip).dataset.any = n > 0 ? "yes" : "no";
  }
  const shown = shownIds.size;
  part("count").textContent = fleet.known
    ? say(shown === all.length ? "count_all" : "count_some", { n: format.count(shown), all: format.count(all.length) })
    : "";
  part("loading").hidden = fleet.known;
  part("empty").hidden = !fleet.known || all.length > 0;
  part("none").hidden = all.length === 0 || shown > 0;
}

function writeParks() {
  const known = fleet.parks();
  if (known.join("\n") === parks) return;
  parks = known.join("\n");
  part("park").replaceChildren(new Option(say("park_any"), ""), ...known.map((park) => new Option(park, park)));
  part("park").value = choice.park;
}

/** Each second: time makes fixes old even when nothing arrives. */
function tick() {
  const now = serverNow();
  list.tick();
  side.write();
  writeCounts(now);
  if (live.state === "lost") writeLine(live.state);
}

/** @param {import("./live.js").LineState} state */
function writeLine(state) {
  const pill = part("line");
  const back = state === "live" && ["polling", "lost"].includes(pill.dataset.line);
  pill.dataset.line = state;
  if (state === "signed_out") return sayProblem(say("signed_out"));
  part("line-text").textContent = say(`live_${state}`);
  pill.title = say(`live_${state}_long`, { age: format.age(live.quietFor()) });
  if (back) part("spoken").textContent = say("live_back");
  if (state === "lost" || state === "polling") sayProblem(pill.title);
  else part("problem").hidden = true;
}

/** @param {string} text */
function sayProblem(text) {
  part("problem").hidden = false;
  part("problem-text").textContent = text;
}

/** @param {Partial<import("./filters.js").Choice>} change @param {"push" | "replace"} [how] selections go back, filters do not */
function choose(change, how = "replace") {
  choice = { ...choice, ...change };
  history[how === "push" ? "pushState" : "replaceState"](null, "", choiceUrl(choice));
  writeChoice();
}

function writeChoice() {
  if (part("search").value !== choice.q) part("search").value = choice.q;
  part("park").value = choice.park;
  part("sort").value = choice.sort;
  board.dataset.view = choice.view;
  for (const radio of document.querySelectorAll("[name=view]")) {
    /** @type {HTMLInputElement} */ (radio).checked = /** @type {HTMLInputElement} */ (radio).value === choice.view;
  }
  arrange();
}

/** @param {number} id @param {boolean} focus */
function open(id, focus) {
  if (choice.vehicle !== id) choose({ vehicle: id }, "push");
  show(id, focus);
}

/** @param {number} id @param {boolean} focus */
function show(id, focus) {
  const v = fleet.vehicles.get(id);
  if (!v) return sayProblem(say("panel_unknown"));
  side.open(v, focus);
  list.select(id);
  if (!map) return;
  map.overlay.selected = id;
  map.overlay.show(shownIds);
  map.goTo(v, covered());
}

/** What the side panel hides of the map: a strip on the right, the lower part on a phone, or nothing. */
function covered() {
  const box = part("map").getBoundingClientRect();
  const panel = part("side").getBoundingClientRect();
  if (panel.right <= box.left) return { right: 0, bottom: 0 };
  if (panel.width < box.width) return { right: panel.width, bottom: 0 };
  return { right: 0, bottom: Math.max(0, box.bottom - panel.top) };
}

function close() {
  if (choice.vehicle === null) return;
  const id = choice.vehicle;
  choose({ vehicle: null }, "push");
  hide();
  list.focus(id);
}

function hide() {
  side.close();
  list.select(null);
  if (!map) return;
  map.overlay.selected = null;
  map.overlay.show(shownIds);
}

function escape() {
  if (choice.vehicle !== null) return close();
  choose({ q: "", state: "", park: "" });
  part("search").blur();
}

function listenToPage() {
  part("search").addEventListener("input", () => choose({ q: part("search").value.trim() }));
  part("park").addEventListener("change", () => choose({ park: part("park").value }));
  part("sort").addEventListener("change", () => choose({ sort: part("sort").value }));
  for (const chip of document.querySelectorAll("[data-state]")) {
    chip.addEventListener("click", () => choose({ state: toggled(String(/** @type {HTMLElement} */ (chip).dataset.state)) }));
  }
  for (const radio of document.querySelectorAll("[name=view]")) {
    radio.addEventListener("change", () => choose({ view: /** @type {HTMLInputElement} */ (radio).value }));
  }
  part("clear").addEventListener("click", () => choose({ q: "", state: "", park: "" }));
  part("fit").addEventListener("click", fitShown);
  part("help-button").addEventListener("click", () => part("help").showModal());
  // What the frame asks for again and again waits for a line that is broken: the board has said so already.
  document.addEventListener("htmx:before:request", (event) => {
    const { sourceElement } = /** @type {CustomEvent} */ (event).detail.ctx;
    if (sourceElement.matches("#held, #waiting") && live.state !== "live" && live.state !== "polling") event.preventDefault();
  });
  // The board draws its own past; htmx would fetch the page again and put dead parts in its place.
  document.addEventListener("htmx:before:history:restore", (event) => event.preventDefault());
  addEventListener("popstate", () => {
    choice = readChoice();
    writeChoice();
    if (choice.vehicle === null) hide();
    else show(choice.vehicle, false);
  });
  listen(
    { Escape: escape },
    {
      "/": () => part("search").focus(),
      "?": () => part("help").showModal(),
      f: fitShown,
      ArrowDown: () => list.step(1),
      ArrowUp: () => list.step(-1),
      Enter: () => openFocused(),
    },
  );
  part("search").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") list.step(1);
  });
}

/** @param {string} state pressed again, a chip lets everything through */
function toggled(state) {
  return state === choice.state ? "" : state;
}

function openFocused() {
  const link = /** @type {HTMLElement | null} */ (document.activeElement);
  if (link?.dataset.vehicleId) open(Number(link.dataset.vehicleId), true);
  else link?.click();
}

function fitShown() {
  map?.fit([...fleet.vehicles.values()].filter((v) => shownIds.has(v.vehicle_id)));
}

/** On a phone the list comes first, and the map's script is fetched when somebody looks at the map.
 * @param {ResizeObserverEntry[]} entries @param {ResizeObserver} observer */
function startMapWhenSeen([entry], observer) {
  if (entry.contentRect.width === 0) return;
  observer.disconnect();
  startMap();
}

async function startMap() {
  try {
    map = await openMap(
      { box: part("map"), canvas: part("overlay"), style: String(board.dataset.mapStyle) },
      (id) => (id === null ? close() : open(id, false)),
    );
  } catch (error) {
    console.error(error);
    part("map-problem").hidden = false;
    return;
  }
  map.overlay.take([...fleet.vehicles.values()], []);
  map.overlay.show(shownIds);
  map.fitOnce(fleet.vehicles.values());
  if (choice.vehicle !== null && fleet.known) show(choice.vehicle, false);
}

/** For end-to-end tests: what this board knows, and when it knew it. */
window.erpBoard = {
  vehicles: fleet.vehicles,
  fixSeenAt: (/** @type {number} */ id) => list.fixSeenAt(id),
  get epoch() {
    return live.epoch;
  },
  get offset() {
    return live.offset;
  },
};

writeChoice();
listenToPage();
live.start();
new ResizeObserver(startMapWhenSeen).observe(part("map"));
setInterval(tick, 1000);
setInterval(() => part("list").matches(":hover") || arrange(), REARRANGE_MS);
