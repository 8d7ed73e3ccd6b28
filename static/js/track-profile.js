// The strip above the slider: how fast at which time, and nothing where nothing was reported.

import { GAP_MS } from "./track-tape.js";

const LEAST_TOP_KMH = 60;

/** @typedef {import("./track-tape.js").Tape} Tape */

export class Profile {
  /** @type {Tape | null} */
  #tape = null;

  /** @param {HTMLCanvasElement} canvas @param {number} from ms @param {number} to ms */
  constructor(canvas, from, to) {
    this.canvas = canvas;
    this.from = from;
    this.to = to;
    new ResizeObserver(() => this.draw()).observe(canvas);
    document.addEventListener("erp:theme", () => this.draw());
  }

  /** @param {Tape} tape */
  show(tape) {
    this.#tape = tape;
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!this.#tape || width === 0) return;
    const scale = devicePixelRatio;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const ctx = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    ctx.scale(scale, scale);
    const { known, fastest } = this.#columns(this.#tape, Math.floor(width));
    const top = Math.max(LEAST_TOP_KMH, ...fastest);
    const style = getComputedStyle(this.canvas);
    for (let x = 0; x < known.length; x += 1) {
      if (!known[x]) continue;
      ctx.fillStyle = style.borderTopColor;
      ctx.fillRect(x, height - 3, 1, 3);
      const tall = (fastest[x] / top) * (height - 4);
      ctx.fillStyle = style.color;
      ctx.fillRect(x, height - 3 - tall, 1, tall);
    }
  }

  /** Of each pixel whether anything is known and the highest speed: one look at each report.
   * @param {Tape} tape @param {number} width */
  #columns(tape, width) {
    const known = new Uint8Array(width);
    const fastest = new Float32Array(width);
    const at = (/** @type {number} */ ms) => Math.min(width - 1, Math.max(0, Math.floor(((ms - this.from) / (this.to - this.from)) * width)));
    tape.times.forEach((ms, i) => {
      const end = tape.times[i + 1] - ms <= GAP_MS ? at(tape.times[i + 1]) : at(ms);
      for (let x = at(ms); x <= end; x += 1) {
        known[x] = 1;
        fastest[x] = Math.max(fastest[x], tape.columns.speed_kmh[i] ?? 0);
      }
    });
    return { known, fastest };
  }
}
