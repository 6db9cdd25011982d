// Which markers stand alone, which share one, and which step aside: decided in pixels of one zoom, so that
// panning changes nothing.

import { kindOf, rank } from "./levels.js";
import { unitX, unitY, worldPx } from "./projection.js";

const WIDTH_PX = 74;
const HEIGHT_PX = 40;
const STACK_PX = 38;
// From here on even neighbours in one building are told apart: what still overlaps is stacked, not joined.
export const APART_ZOOM = 16.5;

const important = (a, b) => rank(b) - rank(a) || (b.count ?? -1) - (a.count ?? -1) || (a.id < b.id ? -1 : 1);

// [{ places, longitude, latitude, lift }], `lift` in pixels upwards; the chosen place always stands alone.
export function grouped(places, zoom, chosenId) {
  const size = worldPx(zoom);
  const groups = [];
  for (const place of [...places].sort(important)) {
    const [x, y] = [unitX(place.longitude) * size, unitY(place.latitude) * size];
    const near = groups.filter((group) => Math.abs(group.x - x) < WIDTH_PX && Math.abs(group.y - y) < HEIGHT_PX);
    const joined = near.find((group) => !group.alone);
    const alone = place.id === chosenId;
    if (joined && !alone && zoom < APART_ZOOM) joined.places.push(place);
    else groups.push({ x, y, alone, lift: near.length && zoom >= APART_ZOOM ? near.length * STACK_PX : 0, places: [place] });
  }
  return groups.map(toMarker);
}

function toMarker({ places, lift }) {
  const first = places[0]; // the most important of them gives the place of the marker
  return { key: places.length === 1 ? `place-${first.id}` : `group-${first.id}`, places, first, lift,
    kind: kindOf(first), longitude: first.longitude, latitude: first.latitude };
}
