// The moment that is shown, and how it runs. It knows time only; what stands at a moment is others' business.

/** With reduced motion a picture twice a second is enough. */
const STILL_MS = 500;

export class Player {
  moment;
  pace = 60;
  #playing = false;
  #last = 0;
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  /**
   * @param {number} from ms @param {number} to ms
   * @param {(moment: number) => number} skip where to go on instead: out of a gap
   * @param {() => void} onChange
   */
  constructor(from, to, skip, onChange) {
    this.from = from;
    this.to = to;
    this.skip = skip;
    this.onChange = onChange;
    this.moment = from;
  }

  get isPlaying() {
    return this.#playing;
  }

  /** @param {number} moment */
  go(moment) {
    this.moment = Math.min(this.to, Math.max(this.from, moment));
    this.onChange();
  }

  toggle() {
    if (this.#playing) this.pause();
    else this.play();
  }

  play() {
    if (this.moment >= this.to) this.moment = this.from;
    this.#playing = true;
    this.#last = performance.now();
    this.onChange();
    requestAnimationFrame((now) => this.#tick(now));
  }

  pause() {
    this.#playing = false;
    this.onChange();
  }

  /** @param {number} now */
  #tick(now) {
    if (!this.#playing) return;
    const passed = now - this.#last;
    if (!this.#still.matches || passed >= STILL_MS) {
      this.#last = now;
      this.moment = Math.min(this.to, this.skip(this.moment + Math.max(0, passed) * this.pace));
      if (this.moment >= this.to) this.#playing = false;
      this.onChange();
    }
    requestAnimationFrame((later) => this.#tick(later));
  }
}
