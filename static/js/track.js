// The page of a track: asks for the reports, then keeps slider, map, values and list at one moment.

import * as format from "./format.js";
import { openTrackMap } from "./track-map.js";
import { Player } from "./track-player.js";
import { Profile } from "./track-profile.js";
import { Tape } from "./track-tape.js";
import { say } from "./words.js";

const FAR_MS = 300_000;
const MOVED_M = 100;
const HOUR_MS = 3_600_000;

/** @typedef {import("./track-map.js").TrackMap} TrackMap */

const root = /** @type {HTMLElement} */ (document.getElementById("track"));
const from = Number(root.dataset.from);
const to = Number(root.dataset.to);
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: root.dataset.zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortClock = new Intl.DateTimeFormat("en-GB", { timeZone: root.dataset.zone, hour: "2-digit", minute: "2-digit" });
const still = matchMedia("(prefers-reduced-motion: reduce)");

const slider = /** @type {HTMLInputElement} */ (part("slider"));
const profile = new Profile(/** @type {HTMLCanvasElement} */ (part("profile")), from, to);
const player = new Player(from, to, outOfGap, show);
let tape = new Tape({ ts_ms: [], lat: [], lon: [], speed_kmh: [], course_deg: [], ignition: [] });
/** @type {TrackMap | null} */
let map = null;

/** @param {string} name @returns {HTMLElement} */
function part(name) {
  return /** @type {HTMLElement} */ (root.querySelector(`[data-track=${name}]`));
}

/** @param {string} name @param {string} text */
function write(name, text) {
  const element = part(name);
  if (element.textContent !== text) element.textContent = text;
}

/** One of the words that stand over the map, or none. @param {"loading" | "empty" | "error" | null} what */
function sayState(what) {
  for (const name of ["loading", "empty", "error"]) part(name).hidden = name !== what;
}

async function load() {
  sayState("loading");
  try {
    const answer = await fetch(root.dataset.url ?? "", { headers: { Accept: "application/json" } });
    if (answer.redirected) write("error-text", say("track_signed_out"));
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    take(await answer.json());
  } catch {
    sayState("error");
  }
}

/** @param {{count: number, rest: string | null, columns: import("./track-tape.js").Columns}} answer */
function take(answer) {
  tape = new Tape(answer.columns);
  sayState(tape.isEmpty ? "empty" : null);
  write("count", tape.isEmpty ? "" : say("track_reports", { n: format.count(answer.count) }));
  part("player").dataset.ready = tape.isEmpty ? "empty" : "yes";
  if (tape.isEmpty) return;
  if (answer.rest) sayCut(answer);
  profile.show(tape);
  listGaps();
  slider.disabled = false;
  /** @type {HTMLButtonElement} */ (part("play")).disabled = false;
  player.go(tape.times[0]);
  showOnMap();
}

/** @param {{count: number, rest: string | null}} answer */
function sayCut(answer) {
  part("cut").hidden = false;
  write("cut-text", say("track_cut", { n: format.count(answer.count), time: clock.format(tape.times[tape.times.length - 1]) }));
  part("rest").setAttribute("href", answer.rest ?? "");
}

async function showOnMap() {
  try {
    map = await openTrackMap(part("map"), root.dataset.mapStyle ?? "");
  } catch {
    part("map-problem").hidden = false;
    return;
  }
  map.show(tape, moments().filter((moment) => moment.dataset.number).map(asStop));
  part("legend").hidden = false;
  part("coloured").addEventListener("change", (event) => map?.colour(/** @type {HTMLInputElement} */ (event.target).checked));
  show();
}

/** @param {HTMLElement} moment @returns {import("./track-map.js").StopMark} */
function asStop(moment) {
  const { number = "", lat, lon, start } = moment.dataset;
  const label = say("track_stop", { n: number, time: shortClock.format(Number(start)) });
  return { number, label, lat: Number(lat), lon: Number(lon), go: () => player.go(Number(start)) };
}

/** @returns {HTMLElement[]} */
function moments() {
  return [...part("moments").querySelectorAll("button")];
}

/** Puts the gaps among the trips and stops; one within a stop says nothing that the stop does not. */
function listGaps() {
  const known = moments();
  const stops = known.filter((moment) => moment.dataset.kind === "stop");
  const template = /** @type {HTMLTemplateElement} */ (part("gap"));
  for (const gap of tape.gaps()) {
    if (stops.some((stop) => Number(stop.dataset.start) <= gap.from && gap.to <= Number(stop.dataset.end))) continue;
    const item = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    const button = /** @type {HTMLElement} */ (item.querySelector("button"));
    button.dataset.start = String(gap.from);
    button.dataset.end = String(gap.to);
    const [when, how] = [".moment-when", ".moment-how"].map((name) => /** @type {HTMLElement} */ (item.querySelector(name)));
    when.textContent = `${shortClock.format(gap.from)} – ${shortClock.format(gap.to)}`;
    how.textContent = gap.metres > MOVED_M ? say("track_gap_moved", { distance: format.kilometresFine(gap.metres) }) : say("track_gap_stayed");
    const next = moments().find((moment) => Number(moment.dataset.start) > gap.from);
    part("moments").insertBefore(item, next?.closest("li") ?? null);
  }
  root.querySelector("[data-track=no-moments]")?.toggleAttribute("hidden", moments().length > 0);
}

/** While it plays, time in which nothing was reported is passed over. @param {number} moment */
function outOfGap(moment) {
  const gap = tape.gapAt(moment);
  return gap === null ? moment : (gap.to ?? to);
}

/** Everything that depends on the moment. */
function show() {
  const { moment } = player;
  const time = clock.format(moment);
  const readout = readoutAt(moment);
  write("time", time);
  write("readout", readout);
  slider.value = String(Math.round((moment - from) / 1000));
  slider.setAttribute("aria-valuetext", say("track_value", { time, readout }));
  map?.move(tape.placeAt(moment, !still.matches), player.isPlaying);
  showPlaying();
  markCurrent(moment);
}

/** @param {number} moment */
function readoutAt(moment) {
  const gap = tape.gapAt(moment);
  if (gap !== null) return gapText(gap);
  const i = tape.indexAt(moment);
  const { speed_kmh, ignition } = tape.columns;
  return say("track_readout", { speed: format.speed(speed_kmh[i]), ignition: format.onOff(ignition[i]) });
}

/** @param {{from: number | null, to: number | null}} gap */
function gapText(gap) {
  if (gap.from === null) return say("track_before", { time: shortClock.format(gap.to ?? to) });
  if (gap.to === null) return say("track_after", { time: shortClock.format(gap.from) });
  return say("track_gap", { from: shortClock.format(gap.from), to: shortClock.format(gap.to) });
}

function showPlaying() {
  const icon = part("play-icon");
  const href = (player.isPlaying ? icon.dataset.pause : icon.dataset.play) ?? "";
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
  write("play-text", say(player.isPlaying ? "track_pause" : "track_play"));
}

/** @param {number} moment */
function markCurrent(moment) {
  for (const button of moments()) {
    const holds = Number(button.dataset.start) <= moment && moment < Number(button.dataset.end);
    if (holds !== button.hasAttribute("aria-current")) button.toggleAttribute("aria-current", holds);
  }
}

/** From report to report, or far. @param {number} direction @param {boolean} far */
function step(direction, far) {
  player.pause();
  if (far) return player.go(player.moment + direction * FAR_MS);
  const i = tape.indexAt(player.moment);
  const next = direction > 0 ? i + 1 : tape.times[i] < player.moment ? i : i - 1;
  if (next >= 0 && next < tape.times.length) player.go(tape.times[next]);
}

/** @param {EventTarget | null} target */
function isElsewhere(target) {
  if (target === slider || !(target instanceof HTMLElement)) return false;
  return target.closest("input:not([type=checkbox]), select, textarea, dialog, [popover], .maplibregl-canvas, .menu") !== null;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
  if (tape.isEmpty || isElsewhere(event.target)) return;
  const onButton = event.target instanceof HTMLElement && event.target.closest("button, a, summary, [type=checkbox]") !== null;
  if (event.key === " " && !onButton) player.toggle();
  else if (event.key === "ArrowRight") step(1, event.shiftKey);
  else if (event.key === "ArrowLeft") step(-1, event.shiftKey);
  else return;
  event.preventDefault();
}

/** The hours under the slider, as many as there is room for. */
function writeHours() {
  const hours = Math.round((to - from) / HOUR_MS);
  const every = Math.max(1, Math.ceil(hours / (root.clientWidth < 640 ? 4 : 8)));
  const marks = [];
  for (let hour = 0; hour <= hours; hour += every) {
    const mark = document.createElement("span");
    mark.textContent = shortClock.format(from + hour * HOUR_MS);
    mark.style.left = `${((hour * HOUR_MS) / (to - from)) * 100}%`;
    if (hour * HOUR_MS < to - from) marks.push(mark);
  }
  part("hours").replaceChildren(...marks);
}

slider.max = String(Math.round((to - from) / 1000));
slider.addEventListener("input", () => player.go(from + Number(slider.value) * 1000));
part("play").addEventListener("click", () => player.toggle());
part("retry").addEventListener("click", load);
part("moments").addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  if (button && !tape.isEmpty) player.go(Number(button.dataset.start));
});
for (const pace of root.querySelectorAll("[name=pace]")) {
  pace.addEventListener("change", () => (player.pace = Number(/** @type {HTMLInputElement} */ (pace).value)));
}
addEventListener("keydown", onKey);
new ResizeObserver(writeHours).observe(root);
load();
