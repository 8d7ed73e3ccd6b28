// What time it is for the server. Browsers' clocks are wrong by seconds to hours; ages must not be.

let skew_ms = 0;
let heard = false;

/** Each message carries the server's time. The quickest message gives the best estimate, because
 * network delay only ever makes the server look behind; a slow pull follows clocks that drift.
 * @param {number} server_ms */
export function hearServerTime(server_ms) {
  const sample = server_ms - Date.now();
  skew_ms = !heard || sample > skew_ms ? sample : skew_ms + (sample - skew_ms) * 0.02;
  heard = true;
}

/** @returns {number} milliseconds since 1970, by the server's clock */
export function serverNow() {
  return Date.now() + skew_ms;
}
