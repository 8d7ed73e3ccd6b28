// The base map and what a pointer does on it. Loaded after the list, which is useful without it.

import { Overlay } from "./overlay.js";
import { keepUp } from "./sharpness.js";
import { say } from "./words.js";

/** @typedef {import("./state.js").Vehicle} Vehicle */

const PADDING_PX = 48;
const CLOSE_ZOOM = 14.5;

/**
 * @param {{box: HTMLElement, canvas: HTMLCanvasElement, style: string}} parts
 * @param {(id: number | null) => void} onPick
 * @returns {Promise<FleetMap>} rejected where there is no WebGL
 */
export async function openMap(parts, onPick) {
  const { map } = await openBase(parts.box, parts.style);
  return new FleetMap(map, new Overlay(map, parts.canvas), onPick);
}

/**
 * The base map in a box, north up, with its controls. Whoever asks sets the theme once the style is there.
 * @param {HTMLElement} box @param {string} style
 * @returns {Promise<{map: any, library: any}>} rejected where there is no WebGL
 */
export async function openBase(box, style) {
  const maplibre = await library();
  const { AttributionControl, Map, NavigationControl, ScaleControl } = maplibre;
  const map = new Map({
    container: box,
    style,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    maxPitch: 0,
    renderWorldCopies: false,
    fadeDuration: 0,
    locale: { "Map.Title": say("map_title") },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  keepUp(map);
  const narrow = innerWidth < 768;
  map.addControl(new AttributionControl({ compact: narrow }), narrow ? "top-left" : "bottom-right");
  if (narrow) map.once("load", () => foldAttribution(box));
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  map.addControl(new ScaleControl(), "bottom-left");
  return { map, library: maplibre };
}

/** It opens by itself and would lie over the legend; its button opens it again. @param {HTMLElement} box */
function foldAttribution(box) {
  const attribution = box.querySelector("details.maplibregl-ctrl-attrib");
  attribution?.removeAttribute("open");
  attribution?.classList.remove("maplibregl-compact-show");
}

/** @returns {Promise<any>} MapLibre is vendored without its types */
function library() {
  return import("../vendor/maplibre-gl-6.17.0/maplibre-gl.mjs");
}

export class FleetMap {
  #fitted = false;
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  /** @param {any} map a MapLibre map @param {Overlay} overlay @param {(id: number | null) => void} onPick */
  constructor(map, overlay, onPick) {
    this.map = map;
    this.overlay = overlay;
    map.on("style.load", () => this.#followTheme());
    document.addEventListener("erp:theme", () => this.#followTheme());
    map.on("click", (/** @type {any} */ event) => onPick(overlay.hit(event.point, isTouch(event))?.vehicle_id ?? null));
    map.on("mousemove", (/** @type {any} */ event) => this.#hover(overlay.hit(event.point, false)));
  }

  #followTheme() {
    this.map.setGlobalStateProperty("theme", document.documentElement.dataset.scheme);
    this.overlay.repaint();
  }

  /** @param {Vehicle | null} v */
  #hover(v) {
    const id = v?.vehicle_id ?? null;
    if (id === this.overlay.hovered) return;
    this.overlay.hovered = id;
    this.map.getCanvas().style.cursor = id === null ? "" : "pointer";
    this.overlay.wake();
  }

  /** The first fleet decides what is seen; after that the view is the operator's.
   * @param {Iterable<Vehicle>} vehicles */
  fitOnce(vehicles) {
    if (!this.#fitted) this.#fitted = this.fit(vehicles, 0);
  }

  /** Shows nearly all: a car that was taken to the next state must not shrink the city to a dot.
   * @param {Iterable<Vehicle>} vehicles @param {number} [duration] ms @returns {boolean} */
  fit(vehicles, duration = 500) {
    const placed = [...vehicles].filter((v) => v.lat !== null && v.lon !== null);
    if (placed.length === 0) return false;
    const [west, east] = middleSpan(placed.map((v) => Number(v.lon)));
    const [south, north] = middleSpan(placed.map((v) => Number(v.lat)));
    this.map.fitBounds([west, south, east, north], { padding: PADDING_PX, maxZoom: 15, duration: this.#still.matches ? 0 : duration });
    return true;
  }

  /** @param {Vehicle} v @param {{right: number, bottom: number}} covered px of the map under the side panel */
  goTo(v, covered) {
    if (v.lat === null || v.lon === null) return;
    this.map.easeTo({
      center: [v.lon, v.lat],
      zoom: Math.max(this.map.getZoom(), CLOSE_ZOOM),
      offset: [-covered.right / 2, -covered.bottom / 2],
      duration: this.#still.matches ? 0 : 400,
    });
  }
}

/** @param {any} event */
function isTouch(event) {
  return event.originalEvent.pointerType === "touch";
}

/** @param {number[]} values @returns {[number, number]} without the outermost 2 % at either end */
function middleSpan(values) {
  const sorted = values.sort((a, b) => a - b);
  const cut = Math.floor(sorted.length * 0.02);
  return [sorted[cut], sorted[sorted.length - 1 - cut]];
}
