// The vehicles as last heard. One place changes them; everyone else is told which ones changed.

/** @typedef {import("./state.js").Vehicle} Vehicle */

export class Fleet {
  /** @type {Map<number, Vehicle>} */
  vehicles = new Map();
  /** False until the server has said what the fleet is; empty and unknown are not the same. */
  known = false;
  /** @type {((changed: Vehicle[], removed: number[]) => void)[]} */
  #listeners = [];

  /** @param {(changed: Vehicle[], removed: number[]) => void} listener */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /** A snapshot is the whole truth: what it does not name is gone.
   * @param {Vehicle[]} vehicles */
  replace(vehicles) {
    const named = new Set(vehicles.map((v) => v.vehicle_id));
    const removed = [...this.vehicles.keys()].filter((id) => !named.has(id));
    removed.forEach((id) => this.vehicles.delete(id));
    this.known = true;
    vehicles.forEach((v) => this.vehicles.set(v.vehicle_id, v));
    this.merge(vehicles, removed);
  }

  /** @param {Vehicle[]} vehicles @param {number[]} [removed] */
  merge(vehicles, removed = []) {
    const news = vehicles.filter((v) => !this.#isOlder(v));
    for (const v of news) this.vehicles.set(v.vehicle_id, v);
    for (const listener of this.#listeners) listener(news, removed);
  }

  /** While polling hands over to the websocket the two overlap for a moment.
   * @param {Vehicle} v */
  #isOlder(v) {
    const known = this.vehicles.get(v.vehicle_id);
    return (known?.received_at ?? 0) > (v.received_at ?? 0);
  }

  /** @returns {string[]} */
  parks() {
    return [...new Set([...this.vehicles.values()].map((v) => v.park))].filter(Boolean).sort();
  }
}
