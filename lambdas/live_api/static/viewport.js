// What part of the world the map shows, and how it moves there.

import { reducedMotion } from "./dom.js";
import { latitudeAt, longitudeAt, unitX, unitY, worldPx } from "./projection.js";

export const MINIMUM_ZOOM = 1;
export const MAXIMUM_ZOOM = 19;
const KOREA = { west: 125.5, south: 33.0, east: 130.0, north: 38.7 };
const MOVE_MS = 220;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export class Viewport {
  constructor() {
    this.x = unitX(127.8);
    this.y = unitY(36.2);
    this.zoom = 6.5;
    this.width = 1;
    this.height = 1;
    this.inset = () => 0; // how much of the right lies under a panel
    this.listeners = [];
    this.animation = null;
  }

  onMove(listener) {
    this.listeners.push(listener);
  }

  moved() {
    const half = Math.min(0.5, this.height / worldPx(this.zoom) / 2);
    this.y = clamp(this.y, half, 1 - half);
    this.x -= Math.floor(this.x);
    for (const listener of this.listeners) listener();
  }

  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.zoom = clamp(this.zoom, this.least, MAXIMUM_ZOOM);
    this.moved();
  }

  // The world fills the height: no bars of nothing above and below it.
  get least() {
    return Math.max(MINIMUM_ZOOM, Math.log2(this.height / 256));
  }

  // Of the world's copies side by side, the one nearest to the middle.
  toScreen(longitude, latitude) {
    let dx = unitX(longitude) - this.x;
    dx -= Math.round(dx);
    const size = worldPx(this.zoom);
    return [this.width / 2 + dx * size, this.height / 2 + (unitY(latitude) - this.y) * size];
  }

  toPlace(screenX, screenY) {
    const size = worldPx(this.zoom);
    const x = this.x + (screenX - this.width / 2) / size;
    const y = clamp(this.y + (screenY - this.height / 2) / size, 0, 1);
    return [longitudeAt(x - Math.floor(x)), latitudeAt(y)];
  }

  panBy(dx, dy) {
    this.stop();
    const size = worldPx(this.zoom);
    this.x -= dx / size;
    this.y -= dy / size;
    this.moved();
  }

  // The place under the point stays under it.
  zoomAround(screenX, screenY, change) {
    this.stop();
    const zoom = clamp(this.zoom + change, this.least, MAXIMUM_ZOOM);
    const [dx, dy] = [screenX - this.width / 2, screenY - this.height / 2];
    this.x += dx / worldPx(this.zoom) - dx / worldPx(zoom);
    this.y += dy / worldPx(this.zoom) - dy / worldPx(zoom);
    this.zoom = zoom;
    this.moved();
  }

  goTo({ longitude, latitude, zoom = this.zoom, animate = true }) {
    const target = clamp(zoom, this.least, MAXIMUM_ZOOM);
    this.flyTo(unitX(longitude) + this.inset() / 2 / worldPx(target), unitY(latitude), target, animate);
  }

  flyTo(x, y, zoom, animate) {
    this.stop();
    if (!animate || reducedMotion() || document.hidden) {
      Object.assign(this, { x, y, zoom });
      this.moved();
      return;
    }
    let dx = x - this.x;
    dx -= Math.round(dx);
    const from = { x: this.x, y: this.y, zoom: this.zoom };
    const started = performance.now();
    const step = (now) => {
      const part = Math.min(1, (now - started) / MOVE_MS);
      const eased = 1 - (1 - part) ** 3;
      this.x = from.x + dx * eased;
      this.y = from.y + (y - from.y) * eased;
      this.zoom = from.zoom + (zoom - from.zoom) * eased;
      this.animation = part < 1 ? requestAnimationFrame(step) : null;
      this.moved();
    };
    this.animation = requestAnimationFrame(step);
  }

  stop() {
    if (this.animation !== null) cancelAnimationFrame(this.animation);
    this.animation = null;
  }

  // The middle of what is seen.
  get middle() {
    return [(this.width - this.inset()) / 2, this.height / 2];
  }

  // Shows all points; Korea when there are none.
  fit(points, { animate = true, closest = 15, padding = 70 } = {}) {
    const box = points.length ? boundsOf(points) : KOREA;
    const [x1, x2] = [unitX(box.west), unitX(box.east)];
    const [y1, y2] = [unitY(box.north), unitY(box.south)];
    const room = [Math.max(60, this.width - this.inset() - 2 * padding), Math.max(60, this.height - 2 * padding)];
    const zoom = Math.log2(Math.min(room[0] / Math.max(x2 - x1, 1e-9), room[1] / Math.max(y2 - y1, 1e-9)) / 256);
    const target = clamp(zoom, this.least, closest);
    this.flyTo((x1 + x2) / 2 + this.inset() / 2 / worldPx(target), (y1 + y2) / 2, target, animate);
  }
}

// The shorter way round the earth: the widest gap between neighbours lies outside.
export function boundsOf(points) {
  const latitudes = points.map((point) => point.latitude);
  const longitudes = points.map((point) => point.longitude).sort((a, b) => a - b);
  let start = 0;
  let widest = longitudes[0] + 360 - longitudes.at(-1);
  for (let index = 1; index < longitudes.length; index += 1) {
    const gap = longitudes[index] - longitudes[index - 1];
    if (gap > widest) [widest, start] = [gap, index];
  }
  const west = longitudes[start];
  return { west, east: west + 360 - widest, south: Math.min(...latitudes), north: Math.max(...latitudes) };
}
