// How a vehicle is drawn: one small picture per look, drawn once and stamped 500 times a frame.

const LOOKS = ["silent", "standing", "idle", "moving", "locked", "act"];
/** Later looks are drawn over earlier ones: what matters lies on top. */
export const LAYER = Object.fromEntries(LOOKS.map((look, i) => [look, i]));

/** @typedef {{shape: "moving" | "idle" | "standing" | "silent", look: string, stale: boolean}} Mark */

export class Stamps {
  /** @type {Map<string, HTMLCanvasElement>} */
  #drawn = new Map();
  /** @type {Record<string, string>} */
  colours = {};
  scale = 1;

  /** Colours come from the tokens, so that the map and the list always agree. @param {HTMLElement} probe */
  readColours(probe) {
    this.#drawn.clear();
    for (const name of [...LOOKS, "surface", "text", "focus", "line-strong"]) {
      probe.style.color = `var(--${name})`;
      this.colours[name] = getComputedStyle(probe).color;
    }
  }

  /** @param {number} scale device pixels per CSS pixel */
  setScale(scale) {
    this.scale = scale;
    this.#drawn.clear();
  }

  /** @param {Mark} mark @param {number} radius CSS px @returns {HTMLCanvasElement} */
  get(mark, radius) {
    const key = `${mark.shape} ${mark.look} ${mark.stale} ${radius}`;
    let stamp = this.#drawn.get(key);
    if (!stamp) {
      stamp = this.#draw(mark, radius);
      this.#drawn.set(key, stamp);
    }
    return stamp;
  }

  /** @param {Mark} mark @param {number} radius */
  #draw(mark, radius) {
    const side = Math.ceil((radius * 2 + 6) * this.scale);
    const canvas = document.createElement("canvas");
    canvas.width = side;
    canvas.height = side;
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    ctx.setTransform(this.scale, 0, 0, this.scale, side / 2, side / 2);
    ctx.lineJoin = "round";
    outline(ctx, mark.shape, radius);
    this.#fill(ctx, mark, radius);
    if (mark.look === "locked") dot(ctx, radius * 0.3, this.colours.surface);
    return canvas;
  }

  /** Fresh marks are solid with a rim; stale ones are hollow. @param {CanvasRenderingContext2D} ctx
   * @param {Mark} mark @param {number} radius */
  #fill(ctx, mark, radius) {
    const hollow = mark.stale || mark.shape === "silent";
    ctx.lineWidth = hollow ? radius * 0.55 + 2 : 2.5;
    ctx.strokeStyle = this.colours.surface;
    ctx.stroke();
    ctx.globalAlpha = hollow ? 0.75 : 1;
    ctx.fillStyle = hollow ? this.colours.surface : this.colours[mark.look];
    ctx.fill();
    if (!hollow) return;
    ctx.lineWidth = Math.max(1.25, radius * 0.22);
    ctx.strokeStyle = this.colours[mark.look];
    ctx.stroke();
  }
}

/** North is up; whoever stamps it turns it. @param {CanvasRenderingContext2D} ctx
 * @param {Mark["shape"]} shape @param {number} radius */
function outline(ctx, shape, radius) {
  ctx.beginPath();
  if (shape === "moving") {
    ctx.moveTo(0, -radius * 1.15);
    ctx.lineTo(radius * 0.85, radius * 0.9);
    ctx.lineTo(0, radius * 0.5);
    ctx.lineTo(-radius * 0.85, radius * 0.9);
    ctx.closePath();
  } else if (shape === "standing") {
    const half = radius * 0.62;
    ctx.roundRect(-half, -half, 2 * half, 2 * half, radius * 0.2);
  } else {
    ctx.arc(0, 0, radius * 0.72, 0, 7);
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number} radius @param {string} colour */
function dot(ctx, radius, colour) {
  ctx.beginPath();
  ctx.arc(0, 0, radius, 0, 7);
  ctx.fillStyle = colour;
  ctx.fill();
}
