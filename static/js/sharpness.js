// A machine without a GPU cannot draw the base map in time. It then gets a coarser base map for the rest of the
// visit; the vehicles lie on their own canvas and stay sharp.

const SLOW_FRAME_MS = 80;
const FRAMES_TO_JUDGE = 4;
const COARSE = 0.7;

/** @param {any} map a MapLibre map */
export function keepUp(map) {
  let frames = 0;
  let since = 0;

  function begin() {
    frames = 0;
    since = performance.now();
  }

  function count() {
    frames += 1;
  }

  function judge() {
    if (frames < FRAMES_TO_JUDGE || (performance.now() - since) / frames < SLOW_FRAME_MS) return;
    watching.forEach((subscription) => subscription.unsubscribe());
    map.setPixelRatio(COARSE);
  }

  const watching = [map.on("movestart", begin), map.on("move", count), map.on("moveend", judge)];
}
