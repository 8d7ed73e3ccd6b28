// Where a marker is between two fixes, and where it has been.
//
// A marker travels from where it is seen to the newest fix in about the time until the next one is due. It is
// therefore up to one sample behind, but only ever on ground the vehicle has covered: it never runs ahead past a
// corner and never slides back. The list shows the newest values at once.

const TRAIL_FIXES = 60;
const JUMP_M = 500;
const SAMPLE_MIN_MS = 500;
const SAMPLE_MAX_MS = 15_000;
/** A little longer than a sample, so that a fix that comes slightly late does not make the marker stop. */
const SLACK = 1.15;
const EARTH_M = 40_075_017;

/** Web Mercator, 0..1 over the world (EPSG:3857 scaled).
 * @param {number} lon @param {number} lat @returns {[number, number]} */
export function mercator(lon, lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

export class Track {
  x = 0;
  y = 0;
  course = 0;
  /** Fixes as x, y pairs; a ring, so that a day on the board costs no more memory than a minute. */
  #trail = new Float64Array(TRAIL_FIXES * 2);
  #fixes = 0;
  #fromX = 0;
  #fromY = 0;
  #fromCourse = 0;
  #toX = 0;
  #toY = 0;
  #toCourse = 0;
  #start = 0;
  #duration = 0;
  #ts = 0;

  /** @param {import("./state.js").Vehicle} v with a position @param {number} at ms, of the same clock as move() */
  take(v, at) {
    if (v.ts === this.#ts) return;
    const [x, y] = mercator(Number(v.lon), Number(v.lat));
    const sample = Number(v.ts) - this.#ts;
    const jumped = this.#fixes === 0 || this.#metres(x, y, Number(v.lat)) > JUMP_M || sample > 2 * SAMPLE_MAX_MS;
    this.#ts = Number(v.ts);
    this.#remember(x, y);
    this.#aim(x, y, v.course_deg ?? this.#toCourse, at, jumped ? 0 : clamp(sample, SAMPLE_MIN_MS, SAMPLE_MAX_MS) * SLACK);
  }

  /** @param {number} x @param {number} y @param {number} lat */
  #metres(x, y, lat) {
    return Math.hypot(x - this.#toX, y - this.#toY) * EARTH_M * Math.cos((lat * Math.PI) / 180);
  }

  /** @param {number} x @param {number} y */
  #remember(x, y) {
    const slot = (this.#fixes % TRAIL_FIXES) * 2;
    this.#trail[slot] = x;
    this.#trail[slot + 1] = y;
    this.#fixes += 1;
  }

  /** @param {number} x @param {number} y @param {number} course @param {number} at @param {number} duration */
  #aim(x, y, course, at, duration) {
    this.#fromX = this.x;
    this.#fromY = this.y;
    this.#fromCourse = this.course;
    this.#toX = x;
    this.#toY = y;
    this.#toCourse = course;
    this.#start = at;
    this.#duration = duration;
  }

  /** Puts x, y and course to where they belong now. @param {number} at @param {boolean} still reduced motion
   * @returns {boolean} true while there is way to go */
  move(at, still) {
    const part = still || this.#duration === 0 ? 1 : Math.min(1, (at - this.#start) / this.#duration);
    this.x = this.#fromX + (this.#toX - this.#fromX) * part;
    this.y = this.#fromY + (this.#toY - this.#fromY) * part;
    const turn = ((this.#toCourse - this.#fromCourse + 540) % 360) - 180;
    this.course = this.#fromCourse + turn * Math.min(1, part * 4);
    return part < 1 && (this.#fromX !== this.#toX || this.#fromY !== this.#toY);
  }

  /** The last fixes, oldest first, without the newest, which the marker may not have reached.
   * @param {(x: number, y: number) => void} each */
  trail(each) {
    for (let i = Math.max(0, this.#fixes - TRAIL_FIXES); i < this.#fixes - 1; i += 1) {
      const slot = (i % TRAIL_FIXES) * 2;
      each(this.#trail[slot], this.#trail[slot + 1]);
    }
  }
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
