// The reports of a stretch of time, asked by the moment. Pure: columns go in, places and values come out.

/** Nobody knows the way between two reports further apart; the same as on the server (rules/simplify.py). */
export const GAP_MS = 300_000;
/** Speeds of one colour on the map: under 20, to 50, to 80, above. */
const CLASSES_KMH = [20, 50, 80];
const EARTH_M = 6_371_009;

/**
 * @typedef {object} Columns
 * @property {number[]} ts_ms
 * @property {(number | null)[]} lat
 * @property {(number | null)[]} lon
 * @property {(number | null)[]} speed_kmh
 * @property {(number | null)[]} course_deg
 * @property {(boolean | null)[]} ignition
 *
 * @typedef {{from: number, to: number, metres: number}} Gap
 * @typedef {{lon: number, lat: number, course: number, isKnown: boolean}} Place
 */

export class Tape {
  /** The last report at or before each that has a place; -1 before the first. */
  #placed;

  /** @param {Columns} columns */
  constructor(columns) {
    this.columns = columns;
    this.times = columns.ts_ms;
    this.#placed = new Int32Array(this.times.length);
    let last = -1;
    for (let i = 0; i < this.times.length; i += 1) {
      if (columns.lat[i] !== null && columns.lon[i] !== null) last = i;
      this.#placed[i] = last;
    }
  }

  get isEmpty() {
    return this.times.length === 0;
  }

  /** @param {number} moment ms @returns {number} the last report at or before it, -1 before the first */
  indexAt(moment) {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= moment) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The gap that holds a moment, or null. @param {number} moment @returns {{from: number | null, to: number | null} | null} */
  gapAt(moment) {
    const i = this.indexAt(moment);
    if (i < 0) return { from: null, to: this.times[0] };
    if (this.times[i] === moment) return null;
    if (i === this.times.length - 1) return { from: this.times[i], to: null };
    return this.times[i + 1] - this.times[i] > GAP_MS ? { from: this.times[i], to: this.times[i + 1] } : null;
  }

  /** Where the vehicle was, between two reports on the straight line; in a gap where it was last.
   * @param {number} moment @param {boolean} smooth false: only where it reported from @returns {Place | null} */
  placeAt(moment, smooth) {
    const i = this.indexAt(moment);
    const from = i < 0 ? -1 : this.#placed[i];
    if (from < 0) return this.#first();
    const place = this.#place(from);
    const to = this.#nextPlaced(i);
    const span = to < 0 ? Infinity : this.times[to] - this.times[from];
    if (!smooth || span > GAP_MS) return { ...place, isKnown: this.gapAt(moment) === null };
    const part = (moment - this.times[from]) / span;
    const next = this.#place(to);
    return { ...place, lon: place.lon + (next.lon - place.lon) * part, lat: place.lat + (next.lat - place.lat) * part };
  }

  /** @returns {Place | null} */
  #first() {
    const first = this.#placed.findIndex((i) => i >= 0);
    return first < 0 ? null : { ...this.#place(first), isKnown: false };
  }

  /** @param {number} i @returns {number} */
  #nextPlaced(i) {
    for (let next = i + 1; next < this.times.length; next += 1) if (this.#placed[next] === next) return next;
    return -1;
  }

  /** @param {number} i @returns {Place} */
  #place(i) {
    const { lat, lon, course_deg } = this.columns;
    return { lat: Number(lat[i]), lon: Number(lon[i]), course: course_deg[i] ?? 0, isKnown: true };
  }

  /** @returns {Gap[]} */
  gaps() {
    const found = [];
    for (let i = 1; i < this.times.length; i += 1) {
      if (this.times[i] - this.times[i - 1] <= GAP_MS) continue;
      const [before, after] = [this.#placed[i - 1], this.#nextPlaced(i - 1)];
      const metres = before < 0 || after < 0 ? 0 : distance(this.#place(before), this.#place(after));
      found.push({ from: this.times[i - 1], to: this.times[i], metres });
    }
    return found;
  }

  /** The way as GeoJSON, one line for each stretch of one colour; nothing is drawn across a gap. */
  lines() {
    const { lat, lon, speed_kmh } = this.columns;
    const features = [];
    let line = null;
    let before = -1;
    for (let i = 0; i < this.times.length; i += 1) {
      if (this.#placed[i] !== i) continue;
      const here = [lon[i], lat[i]];
      const colour = classOf(speed_kmh[i]);
      if (before < 0 || this.times[i] - this.times[before] > GAP_MS) line = null;
      else if (line?.properties.colour === colour) line.geometry.coordinates.push(here);
      else {
        line = feature(colour, [[lon[before], lat[before]], here]);
        features.push(line);
      }
      before = i;
    }
    return { type: "FeatureCollection", features };
  }

  /** @returns {[number, number, number, number] | null} west, south, east, north */
  bounds() {
    let box = null;
    for (let i = 0; i < this.times.length; i += 1) {
      if (this.#placed[i] !== i) continue;
      const { lat, lon } = this.#place(i);
      box ??= [lon, lat, lon, lat];
      box = [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)];
    }
    return /** @type {[number, number, number, number] | null} */ (box);
  }
}

/** @param {number | null} speed */
export function classOf(speed) {
  const over = CLASSES_KMH.findIndex((limit) => (speed ?? 0) < limit);
  return over < 0 ? CLASSES_KMH.length : over;
}

/** @param {number} colour @param {(number | null)[][]} coordinates */
function feature(colour, coordinates) {
  return { type: "Feature", properties: { colour }, geometry: { type: "LineString", coordinates } };
}

/** Metres on a sphere (haversine). @param {Place} a @param {Place} b */
function distance(a, b) {
  const radians = Math.PI / 180;
  const half =
    Math.sin(((b.lat - a.lat) * radians) / 2) ** 2 +
    Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * Math.sin(((b.lon - a.lon) * radians) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(half)));
}
