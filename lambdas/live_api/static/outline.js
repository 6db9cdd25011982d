// The map's own coasts and borders (outline.json), drawn on a canvas; needs no tile server.

import { unitX, unitY, worldPx } from "./projection.js";

const OVER = 0.5;
const FINE_FROM_ZOOM = 4.2;

// Coordinates are kept from a point near the layer's middle: a canvas counts in 32-bit numbers, which are too
// coarse for a street on a world that runs from 0 to 1.
function build({ scale, land, borders }, [originX, originY]) {
  const run = (path, steps, close) => {
    let [x, y] = [0, 0];
    for (let index = 0; index < steps.length; index += 2) {
      x += steps[index];
      y += steps[index + 1];
      const [px, py] = [unitX(x / scale) - originX, unitY(y / scale) - originY];
      if (index === 0) path.moveTo(px, py);
      else path.lineTo(px, py);
    }
    if (close) path.closePath();
  };
  const ground = new Path2D();
  const lines = new Path2D();
  for (const steps of land) run(ground, steps, true);
  for (const steps of borders) run(lines, steps, false);
  return { ground, lines, origin: [originX, originY] };
}

export class Outline {
  constructor(document) {
    this.world = build(document.world, [0.5, 0.5]);
    this.korea = build(document.korea, [unitX(128), unitY(37)]);
    // As the drawing of docs/pictures/live_map_outline.py cuts it.
    this.box = { west: unitX(121), north: unitY(44), east: unitX(135), south: unitY(31.5) };
  }

  draw(context, viewport, colours) {
    for (const copy of [-2, -1, 0, 1, 2]) this.drawCopy(context, viewport, colours, copy);
  }

  drawCopy(context, viewport, colours, copy) {
    const size = worldPx(viewport.zoom);
    const left = viewport.width / 2 + (copy - viewport.x) * size;
    // A land may run over the date line into the next copy of the world.
    if (left - size * OVER > viewport.width || left + size * (1 + OVER) < 0) return;
    const top = viewport.height / 2 - viewport.y * size;
    const { west, north, east, south } = this.box;
    const frame = [left + west * size, top + north * size, (east - west) * size, (south - north) * size];
    const seen = frame[0] < viewport.width && frame[0] + frame[2] > 0 && frame[1] < viewport.height
      && frame[1] + frame[3] > 0;
    const fine = seen && viewport.zoom >= FINE_FROM_ZOOM;
    const covered = fine && frame[0] <= 0 && frame[1] <= 0 && frame[0] + frame[2] >= viewport.width
      && frame[1] + frame[3] >= viewport.height;
    if (!covered) this.drawLayer(context, this.world, [left, top, size], colours);
    if (!fine) return;
    context.save();
    context.beginPath();
    context.rect(...frame);
    context.clip();
    context.fillStyle = colours.sea;
    context.fillRect(...frame);
    this.drawLayer(context, this.korea, [left, top, size], colours);
    context.restore();
  }

  drawLayer(context, { ground, lines, origin }, [left, top, size], colours) {
    context.save();
    context.translate(left + origin[0] * size, top + origin[1] * size);
    context.scale(size, size);
    context.fillStyle = colours.land;
    context.fill(ground);
    context.lineJoin = "round";
    context.lineWidth = 1 / size;
    context.strokeStyle = colours.coast;
    context.stroke(ground);
    context.setLineDash([4 / size, 3 / size]);
    context.strokeStyle = colours.border;
    context.stroke(lines);
    context.restore();
  }
}
