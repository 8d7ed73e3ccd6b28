// The maps of the pages of geofences. They help: the list and the fields beside them hold the truth.

import { openBase } from "./map.js";

const PADDING_PX = 40;
const NOTHING = { type: "FeatureCollection", features: [] };
const M_PER_DEG = 111195;
const SIDES = 64;
const TOKENS = { fences: "--locked", zones: "--warn", drawn: "--focus" };
const FIELDS = ["lat", "lon", "radius_m", "corners", "shape"];

/** @typedef {{type: "FeatureCollection", features: any[]}} Collection @typedef {[number, number]} Position lon, lat */

const box = /** @type {HTMLElement | null} */ (document.querySelector("[data-fence-map]"));
if (box) open(box).catch(() => box.querySelector(".notice")?.removeAttribute("hidden"));

/** @param {HTMLElement} box */
async function open(box) {
  const mode = box.dataset.fenceMap;
  const fences = read(box);
  const canvas = /** @type {HTMLElement} */ (box.querySelector(".map"));
  const { map } = await openBase(canvas, box.dataset.style ?? "");
  await new Promise((done) => map.once("load", done));
  addLayers(map, box, mode === "draw");
  const shown = await fences;
  map.getSource("fences").setData(shown);
  fit(map, shown);
  if (mode === "list") pointOut(map, box);
  if (mode === "draw") new Drawing(map, /** @type {HTMLFormElement} */ (document.querySelector(".fence-form")));
}

/** @param {HTMLElement} box @returns {Promise<Collection>} */
async function read(box) {
  if (box.dataset.feature) return JSON.parse(box.dataset.feature);
  const answer = await fetch(box.dataset.fences ?? "", { headers: { Accept: "application/geo+json" } });
  return answer.ok ? answer.json() : NOTHING;
}

/** @param {any} map @param {HTMLElement} box @param {boolean} quiet the fences are only there to be seen */
function addLayers(map, box, quiet) {
  map.addSource("fences", { type: "geojson", data: NOTHING });
  map.addSource("drawn", { type: "geojson", data: NOTHING });
  // A zone has a look of its own above; below, it is there to be pointed at.
  const zones = ["to-boolean", ["get", "no_lock"]];
  map.addLayer({ id: "fences-fill", type: "fill", source: "fences", paint: { "fill-opacity": ["case", zones, 0, quiet ? 0.06 : 0.14] } });
  map.addLayer({ id: "fences-line", type: "line", source: "fences", paint: { "line-width": quiet ? 1 : 1.75, "line-opacity": ["case", zones, 0, quiet ? 0.55 : 1] } });
  const polygons = ["==", ["geometry-type"], "Polygon"];
  map.addLayer({ id: "zones-fill", type: "fill", source: "fences", filter: zones, paint: { "fill-opacity": 0.2 } });
  map.addLayer({ id: "zones-line", type: "line", source: "fences", filter: zones, paint: { "line-width": 3, "line-dasharray": [2, 1] } });
  map.addLayer({ id: "drawn-fill", type: "fill", source: "drawn", filter: polygons, paint: { "fill-opacity": 0.22 } });
  map.addLayer({ id: "drawn-line", type: "line", source: "drawn", paint: { "line-width": 2.5 } });
  const points = ["==", ["geometry-type"], "Point"];
  map.addLayer({ id: "drawn-dot", type: "circle", source: "drawn", filter: points, paint: { "circle-radius": 5, "circle-stroke-width": 2 } });
  const paint = () => {
    map.setGlobalStateProperty("theme", document.documentElement.dataset.scheme);
    for (const [name, token] of Object.entries(TOKENS)) {
      const colour = colourOf(box, token);
      map.setPaintProperty(`${name}-fill`, "fill-color", colour);
      map.setPaintProperty(`${name}-line`, "line-color", colour);
    }
    map.setPaintProperty("drawn-dot", "circle-color", colourOf(box, "--surface"));
    map.setPaintProperty("drawn-dot", "circle-stroke-color", colourOf(box, "--focus"));
  };
  paint();
  document.addEventListener("erp:theme", paint);
}

/** Colours come from the tokens. @param {HTMLElement} box @param {string} token */
function colourOf(box, token) {
  const probe = document.createElement("i");
  probe.style.color = `var(${token})`;
  box.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** @param {any} fence */
function named(fence) {
  const { name, no_lock: why } = fence.properties;
  return why ? `${name} (no-lock zone: ${why})` : name;
}

/** @param {any} map @param {Collection} shown */
function fit(map, shown) {
  const positions = shown.features.flatMap((feature) => feature.geometry.coordinates.flat(feature.geometry.type === "Polygon" ? 1 : 2));
  if (positions.length === 0) return;
  const lons = positions.map((/** @type {Position} */ p) => p[0]);
  const lats = positions.map((/** @type {Position} */ p) => p[1]);
  const [west, east] = [lons.reduce(lower), lons.reduce(higher)];
  const [south, north] = [lats.reduce(lower), lats.reduce(higher)];
  map.fitBounds([west, south, east, north], { padding: PADDING_PX, maxZoom: 15.5, duration: 0 });
}

/** @param {number} a @param {number} b */
function lower(a, b) {
  return a < b ? a : b;
}

/** @param {number} a @param {number} b */
function higher(a, b) {
  return a > b ? a : b;
}

/** The name under the pointer; a click opens it. @param {any} map @param {HTMLElement} box */
function pointOut(map, box) {
  const said = /** @type {HTMLElement} */ (box.querySelector(".fence-said"));
  map.on("mousemove", "fences-fill", (/** @type {any} */ event) => {
    said.textContent = event.features.map(named).join(", ");
    said.hidden = false;
    map.getCanvas().style.cursor = "pointer";
  });
  map.on("mouseleave", "fences-fill", () => {
    said.hidden = true;
    map.getCanvas().style.cursor = "";
  });
  map.on("click", "fences-fill", (/** @type {any} */ event) => {
    const smallest = event.features[event.features.length - 1];
    location.assign(`/operator/geofences/${smallest.properties.id}`);
  });
}

/** Clicks fill the fields; the fields are drawn. */
class Drawing {
  /** @param {any} map @param {HTMLFormElement} form */
  constructor(map, form) {
    this.map = map;
    this.form = form;
    map.getCanvas().style.cursor = "crosshair";
    map.on("click", (/** @type {any} */ event) => this.#place(event.lngLat));
    form.addEventListener("input", (event) => {
      if (FIELDS.includes(/** @type {HTMLInputElement} */ (event.target).name)) this.#draw();
    });
    const tools = /** @type {HTMLElement} */ (form.querySelector("[data-fence-tools]"));
    tools.hidden = false;
    tools.addEventListener("click", (event) => this.#use(/** @type {HTMLElement} */ (event.target).dataset.fenceTool));
    this.#draw();
  }

  /** @param {string} name @returns {any} */
  #field(name) {
    return this.form.elements.namedItem(name);
  }

  #isPolygon() {
    return this.#field("shape").value === "polygon";
  }

  /** @param {{lng: number, lat: number}} at */
  #place(at) {
    if (this.#isPolygon()) {
      const corners = this.#field("corners");
      if (corners.value.trimStart().startsWith("{")) return;
      corners.value = `${corners.value.trimEnd()}\n${at.lat.toFixed(6)}, ${at.lng.toFixed(6)}`.trimStart();
    } else {
      this.#field("lat").value = at.lat.toFixed(6);
      this.#field("lon").value = at.lng.toFixed(6);
    }
    this.#draw();
  }

  /** @param {string | undefined} tool */
  #use(tool) {
    const corners = this.#field("corners");
    if (tool === "clear") corners.value = "";
    if (tool === "undo") corners.value = corners.value.trimEnd().split("\n").slice(0, -1).join("\n");
    this.#draw();
  }

  #draw() {
    const features = this.#isPolygon() ? polygonOf(this.#field("corners").value) : this.#circle();
    this.map.getSource("drawn").setData({ type: "FeatureCollection", features });
  }

  #circle() {
    const [lat, lon, radius] = ["lat", "lon", "radius_m"].map((name) => number(this.#field(name).value));
    if (lat === null || lon === null) return [];
    const centre = feature("Point", [lon, lat]);
    return radius === null ? [centre] : [feature("Polygon", [ring(lat, lon, radius)]), centre];
  }
}

/** @param {string} text @returns {any[]} GeoJSON features of what is typed so far */
function polygonOf(text) {
  if (text.trimStart().startsWith("{")) {
    try {
      const typed = JSON.parse(text);
      return [typed.type === "Feature" ? typed : { type: "Feature", properties: {}, geometry: typed }];
    } catch {
      return [];
    }
  }
  const corners = text.split("\n").map((line) => line.split(/[\s,;]+/).filter(Boolean).map(Number));
  /** @type {Position[]} */
  const positions = corners.filter((c) => c.length === 2 && c.every(Number.isFinite)).map(([lat, lon]) => [lon, lat]);
  const dots = positions.map((position) => feature("Point", position));
  if (positions.length < 3) return positions.length === 2 ? [feature("LineString", positions), ...dots] : dots;
  return [feature("Polygon", [[...positions, positions[0]]]), ...dots];
}

/** @param {string} type @param {any} coordinates */
function feature(type, coordinates) {
  return { type: "Feature", properties: {}, geometry: { type, coordinates } };
}

/** @param {number} lat @param {number} lon @param {number} radius m @returns {Position[]} */
function ring(lat, lon, radius) {
  const north = radius / M_PER_DEG;
  const east = north / Math.max(Math.cos((lat * Math.PI) / 180), 0.01);
  const turns = Array.from({ length: SIDES + 1 }, (_, n) => (2 * Math.PI * n) / SIDES);
  return turns.map((turn) => [lon + east * Math.cos(turn), lat + north * Math.sin(turn)]);
}

/** @param {string} text @returns {number | null} */
function number(text) {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() !== "" && Number.isFinite(value) ? value : null;
}
