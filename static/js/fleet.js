// The vehicles as last heard. One place changes them; everyone else is told which ones changed.

/** @typedef {import("./state.js").Vehicle} Vehicle */

/** The members that a report changes, all at once. */
const REPORTED = new Set([
  "ts", "received_at", "lat", "lon", "speed_kmh", "course_deg", "ignition", "relay_on", "fuel_pct", "voltage_v", "odometer_m", "dtc",
]);

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
    this.known = true;
    for (const v of vehicles) this.vehicles.set(v.vehicle_id, v);
    this.#tell(vehicles, removed);
  }

  /** @param {Partial<Vehicle>[]} differences whole rows, or the members that changed @param {number[]} gone out of sight */
  merge(differences, gone) {
    const changed = differences.map((difference) => this.#put(difference)).filter((v) => v !== null);
    this.#tell(changed, gone);
  }

  /** @param {Vehicle[]} changed @param {number[]} removed */
  #tell(changed, removed) {
    for (const id of removed) this.vehicles.delete(id);
    for (const listener of this.#listeners) listener(changed, removed);
  }

  /** While polling hands over to the websocket the two overlap for a moment: an older report, or one about a vehicle
   * that has just left, is not news.
   * @param {Partial<Vehicle>} difference @returns {Vehicle | null} */
  #put(difference) {
    const known = this.vehicles.get(Number(difference.vehicle_id));
    if (!known && difference.name === undefined) return null;
    const news = known && (difference.received_at ?? Infinity) < (known.received_at ?? 0) ? withoutReport(difference) : difference;
    const v = /** @type {Vehicle} */ ({ ...known, ...news });
    this.vehicles.set(v.vehicle_id, v);
    return v;
  }

  /** @returns {string[]} */
  parks() {
    return [...new Set([...this.vehicles.values()].map((v) => v.park))].filter(Boolean).sort();
  }
}

/** What is left of a difference when its report is older than the one shown. @param {Partial<Vehicle>} difference */
function withoutReport(difference) {
  return Object.fromEntries(Object.entries(difference).filter(([name]) => !REPORTED.has(name)));
}
