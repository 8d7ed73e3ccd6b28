// The track on the map: the line, the numbered stops, and the vehicle where the slider stands.

import { openBase } from "./map.js";

const PADDING_PX = 56;
const LEAST_ZOOM_OUT = 16;
/** How near to the edge, as a part of the map, the vehicle may come before the map follows. */
const MARGIN = 0.08;
const ARROW = "M12 2.5 20 20.5 12 16.2 4 20.5Z";

/** @typedef {import("./track-tape.js").Tape} Tape @typedef {import("./track-tape.js").Place} Place
 * @typedef {{number: string, label: string, lat: number, lon: number, go: () => void}} StopMark */

/** @param {HTMLElement} box @param {string} style @returns {Promise<TrackMap>} rejected where there is no WebGL */
export async function openTrackMap(box, style) {
  const { map, library } = await openBase(box, style);
  await new Promise((done) => map.once("load", done));
  return new TrackMap(map, library, box);
}

export class TrackMap {
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #coloured = true;
  #vehicle;
  #shape;

  /** @param {any} map @param {any} library MapLibre @param {HTMLElement} box */
  constructor(map, library, box) {
    this.map = map;
    this.library = library;
    this.box = box;
    map.addSource("track", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    const layout = { "line-cap": "round", "line-join": "round" };
    map.addLayer({ id: "track-rim", type: "line", source: "track", layout, paint: { "line-width": 8 } });
    map.addLayer({ id: "track-line", type: "line", source: "track", layout, paint: { "line-width": 4.5 } });
    this.#shape = vehicleShape();
    this.#vehicle = new library.Marker({ element: this.#shape, rotationAlignment: "map" });
    this.#paint();
    document.addEventListener("erp:theme", () => this.#paint());
  }

  /** Colours come from the tokens, so that the legend and the line always agree. */
  #paint() {
    this.map.setGlobalStateProperty("theme", document.documentElement.dataset.scheme);
    const colours = [0, 1, 2, 3].map((n) => this.#colour(`--speed-${n}`));
    const speed = ["match", ["get", "colour"], 0, colours[0], 1, colours[1], 2, colours[2], colours[3]];
    this.map.setPaintProperty("track-line", "line-color", this.#coloured ? speed : this.#colour("--text"));
    this.map.setPaintProperty("track-rim", "line-color", this.#colour("--surface"));
  }

  /** @param {string} token */
  #colour(token) {
    const probe = document.createElement("i");
    probe.style.color = `var(${token})`;
    this.box.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }

  /** @param {boolean} coloured by speed, or all of one colour */
  colour(coloured) {
    this.#coloured = coloured;
    this.#paint();
  }

  /** @param {Tape} tape @param {StopMark[]} stops */
  show(tape, stops) {
    this.map.getSource("track").setData(tape.lines());
    const box = tape.bounds();
    if (box) this.map.fitBounds(box, { padding: PADDING_PX, maxZoom: LEAST_ZOOM_OUT, duration: 0 });
    for (const stop of stops) {
      new this.library.Marker({ element: stopMark(stop) }).setLngLat([stop.lon, stop.lat]).addTo(this.map);
    }
  }

  /** @param {Place | null} place @param {boolean} follow */
  move(place, follow) {
    if (!place) return;
    this.#vehicle.setLngLat([place.lon, place.lat]).setRotation(place.course).addTo(this.map);
    this.#shape.dataset.known = place.isKnown ? "yes" : "no";
    if (follow && this.#isLeaving(place)) this.map.easeTo({ center: [place.lon, place.lat], duration: this.#still.matches ? 0 : 250 });
  }

  /** @param {Place} place */
  #isLeaving(place) {
    const { x, y } = this.map.project([place.lon, place.lat]);
    const { clientWidth, clientHeight } = this.box;
    return x < clientWidth * MARGIN || y < clientHeight * MARGIN || x > clientWidth * (1 - MARGIN) || y > clientHeight * (1 - MARGIN);
  }
}

function vehicleShape() {
  const box = document.createElement("div");
  box.className = "track-vehicle";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  const arrow = document.createElementNS("http://www.w3.org/2000/svg", "path");
  arrow.setAttribute("d", ARROW);
  svg.append(arrow);
  box.append(svg);
  return box;
}

/** @param {StopMark} stop */
function stopMark(stop) {
  const mark = document.createElement("button");
  mark.type = "button";
  mark.className = "track-stop";
  mark.textContent = stop.number;
  mark.title = stop.label;
  mark.addEventListener("click", stop.go);
  return mark;
}
