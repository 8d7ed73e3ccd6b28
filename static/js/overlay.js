// The vehicles over the map, on a canvas of their own: the base map is not drawn again because a car moved.

import { serverNow } from "./clock.js";
import { LAYER, Stamps } from "./markers.js";
import { mercator, Track } from "./motion.js";
import { isStale, lookOf, motionOf } from "./state.js";

/** @typedef {import("./state.js").Vehicle} Vehicle
 * @typedef {{v: Vehicle, track: Track, mark: import("./markers.js").Mark}} Item */

/** Half of the 24 px that a pointer can rely on; a finger gets more. */
const REACH_PX = 13;
const REACH_TOUCH_PX = 22;
const NAMES_FROM_ZOOM = 14.5;
/** What must be acted on is found at a glance. */
const ACT_EXTRA_PX = 3;
const NAME_LETTERS = 20;
const CELL_PX = 14;
const STEP_PX = 0.25;
const FAST_MPS = 20;
const FRAME_MS = 16;
/** Metres around the world where fleets live; only the order of magnitude matters here. */
const WORLD_M = 30_000_000;

export class Overlay {
  /** @type {Map<number, Item>} */
  #items = new Map();
  /** @type {Item[]} what is drawn, in drawing order */
  #shown = [];
  #stamps = new Stamps();
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #frame = 0;
  #nap = 0;
  #world = 0;
  #originX = 0;
  #originY = 0;
  #radius = 6;
  /** @type {number | null} */
  selected = null;
  /** @type {number | null} */
  hovered = null;

  /** @param {any} map a MapLibre map @param {HTMLCanvasElement} canvas */
  constructor(map, canvas) {
    this.map = map;
    this.canvas = canvas;
    this.ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.#stamps.readColours(canvas);
    this.resize();
    map.on("resize", () => this.resize());
    map.on("render", () => this.draw());
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    const scale = devicePixelRatio;
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    this.#stamps.setScale(scale);
    this.wake();
  }

  repaint() {
    this.#stamps.readColours(this.canvas);
    this.wake();
  }

  /** @param {Vehicle[]} changed @param {number[]} removed */
  take(changed, removed) {
    removed.forEach((id) => this.#items.delete(id));
    const at = performance.now();
    for (const v of changed) {
      if (v.lat === null || v.lon === null || v.ts === null) continue;
      const item = this.#items.get(v.vehicle_id) ?? { v, track: new Track(), mark: markOf(v) };
      item.v = v;
      item.mark = markOf(v);
      item.track.take(v, at);
      this.#items.set(v.vehicle_id, item);
    }
    this.wake();
  }

  /** Time alone makes fixes stale. @param {Set<number>} ids which vehicles the filter lets through */
  show(ids) {
    this.#shown = [...this.#items.values()].filter(({ v }) => ids.has(v.vehicle_id) || v.vehicle_id === this.selected);
    for (const item of this.#shown) item.mark = markOf(item.v);
    this.#shown.sort((a, b) => this.#layer(a) - this.#layer(b));
    this.wake();
  }

  /** @param {Item} item */
  #layer(item) {
    return item.v.vehicle_id === this.selected ? 99 : LAYER[item.mark.look];
  }

  wake() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#nap);
    this.#frame = 0;
    if (this.canvas.clientWidth === 0) return;
    const moving = this.#advance();
    this.#place();
    const scale = this.#stamps.scale;
    this.ctx.setTransform(scale, 0, 0, scale, 0, 0);
    this.ctx.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    this.#drawTrail();
    for (const item of this.#shown) this.#drawItem(item);
    this.#drawNames();
    if (moving && !document.hidden) this.#nap = setTimeout(() => this.wake(), this.#stepMs());
  }

  /** Nobody sees a quarter of a pixel: far out, a city of cars needs four frames a second, close up sixty. */
  #stepMs() {
    return Math.max(0, (STEP_PX / (FAST_MPS * (this.#world / WORLD_M))) * 1000 - FRAME_MS);
  }

  #advance() {
    const at = performance.now();
    let moving = false;
    for (const { track } of this.#shown) moving = track.move(at, this.#still.matches) || moving;
    return moving;
  }

  /** The map lies flat and north is up, so the way to the screen is one scale and one shift. */
  #place() {
    const zoom = this.map.getZoom();
    const centre = this.map.getCenter();
    const seen = this.map.project(centre);
    const [x, y] = mercator(centre.lng, centre.lat);
    this.#world = 512 * 2 ** zoom;
    this.#originX = seen.x - x * this.#world;
    this.#originY = seen.y - y * this.#world;
    this.#radius = Math.round(Math.min(11, Math.max(4, 4 + (zoom - 10.5) * 1.6)));
  }

  /** @param {Item} item @returns {[number, number]} */
  #at(item) {
    return [this.#originX + item.track.x * this.#world, this.#originY + item.track.y * this.#world];
  }

  /** @param {number} x @param {number} y */
  #isOut(x, y) {
    return x < -20 || y < -20 || x > this.canvas.clientWidth + 20 || y > this.canvas.clientHeight + 20;
  }

  /** @param {Item} item */
  #drawItem(item) {
    const [x, y] = this.#at(item);
    if (this.#isOut(x, y)) return;
    const id = item.v.vehicle_id;
    const radius = id === this.selected ? 12 : this.#radius + (item.mark.look === "act" ? ACT_EXTRA_PX : 0);
    if (id === this.selected || id === this.hovered) this.#drawRing(x, y, radius + 5, id === this.selected);
    const stamp = this.#stamps.get(item.mark, radius);
    const { ctx } = this;
    const scale = this.#stamps.scale;
    const turn = item.mark.shape === "moving" ? (item.track.course * Math.PI) / 180 : 0;
    const cos = Math.cos(turn);
    const sin = Math.sin(turn);
    ctx.setTransform(cos, sin, -sin, cos, x * scale, y * scale);
    ctx.drawImage(stamp, -stamp.width / 2, -stamp.height / 2);
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
  }

  /** @param {number} x @param {number} y @param {number} radius @param {boolean} strong */
  #drawRing(x, y, radius, strong) {
    const { ctx } = this;
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 7);
    ctx.fillStyle = this.#stamps.colours.surface;
    ctx.globalAlpha = 0.75;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.lineWidth = strong ? 2.5 : 1.5;
    ctx.strokeStyle = this.#stamps.colours[strong ? "text" : "line-strong"];
    ctx.stroke();
  }

  #drawTrail() {
    const item = this.selected === null ? undefined : this.#items.get(this.selected);
    if (!item) return;
    const { ctx } = this;
    ctx.beginPath();
    item.track.trail((x, y) => ctx.lineTo(this.#originX + x * this.#world, this.#originY + y * this.#world));
    ctx.lineTo(...this.#at(item));
    ctx.lineJoin = "round";
    ctx.lineWidth = 6;
    ctx.strokeStyle = this.#stamps.colours.surface;
    ctx.stroke();
    ctx.lineWidth = 2.5;
    ctx.strokeStyle = this.#stamps.colours.text;
    ctx.stroke();
  }

  /** Names give way to those already written: first the one that is open, then what matters most. */
  #drawNames() {
    const all = this.map.getZoom() >= NAMES_FROM_ZOOM;
    /** @type {Set<string>} */
    const taken = new Set();
    const open = this.selected === null ? undefined : this.#items.get(this.selected);
    if (open) this.#reserve(...this.#at(open), 1, taken);
    for (let i = this.#shown.length - 1; i >= 0; i -= 1) {
      const id = this.#shown[i].v.vehicle_id;
      if (all || id === this.selected || id === this.hovered) this.#drawName(this.#shown[i], taken);
    }
  }

  /** @param {Item} item @param {Set<string>} taken cells of the screen with a name in them */
  #drawName(item, taken) {
    const [x, y] = this.#at(item);
    if (this.#isOut(x, y)) return;
    const { ctx } = this;
    ctx.font = "600 11px system-ui, sans-serif";
    const below = y + (item.v.vehicle_id === this.selected ? 32 : this.#radius + 14);
    const name = item.v.name.length > NAME_LETTERS ? `${item.v.name.slice(0, NAME_LETTERS)}…` : item.v.name;
    const reach = Math.ceil(ctx.measureText(name).width / 2 / CELL_PX);
    if (!this.#reserve(x, below, reach, taken)) return;
    ctx.textAlign = "center";
    ctx.lineJoin = "round";
    ctx.lineWidth = 4;
    ctx.strokeStyle = this.#stamps.colours.surface;
    ctx.strokeText(name, x, below);
    ctx.fillStyle = this.#stamps.colours.text;
    ctx.fillText(name, x, below);
  }

  /** @param {number} x @param {number} y @param {number} reach cells to either side @param {Set<string>} taken
   * @returns {boolean} false where something is written already */
  #reserve(x, y, reach, taken) {
    const row = Math.round(y / CELL_PX);
    const column = Math.round(x / CELL_PX);
    for (let c = column - reach; c <= column + reach; c += 1) {
      if (taken.has(`${c} ${row}`) || taken.has(`${c} ${row - 1}`) || taken.has(`${c} ${row + 1}`)) return false;
    }
    for (let c = column - reach; c <= column + reach; c += 1) taken.add(`${c} ${row}`);
    return true;
  }

  /** @param {{x: number, y: number}} point @param {boolean} touch @returns {Vehicle | null} the nearest in reach */
  hit(point, touch) {
    let best = touch ? REACH_TOUCH_PX : REACH_PX;
    let found = null;
    for (const item of this.#shown) {
      const [x, y] = this.#at(item);
      const away = Math.hypot(x - point.x, y - point.y);
      if (away <= best) {
        best = away;
        found = item.v;
      }
    }
    return found;
  }
}

/** @param {Vehicle} v @returns {import("./markers.js").Mark} */
function markOf(v) {
  const now = serverNow();
  return { shape: motionOf(v, now), look: lookOf(v, now), stale: isStale(v, now) };
}
