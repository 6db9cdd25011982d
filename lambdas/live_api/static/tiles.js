// Raster tiles of a server that the configuration names, drawn over the outline as they come; where one does
// not come, the outline is seen.

import { TILE_PX, worldPx } from "./projection.js";

const KEPT_TILES = 256;
const RETRY_MS = 30_000;
const DEEPEST = 19;

export class Tiles {
  constructor(template, redraw) {
    this.template = template;
    this.redraw = redraw;
    this.images = new Map();
  }

  address(z, x, y) {
    return this.template.replace("{z}", z).replace("{x}", x).replace("{y}", y);
  }

  image(z, x, y) {
    const key = `${z}/${x}/${y}`;
    let tile = this.images.get(key);
    if (tile?.failedAt && Date.now() - tile.failedAt > RETRY_MS) tile = undefined;
    if (!tile) {
      tile = { image: new Image(), ready: false, failedAt: 0 };
      tile.image.addEventListener("load", () => { tile.ready = true; this.redraw(); });
      tile.image.addEventListener("error", () => { tile.failedAt = Date.now(); });
      tile.image.src = this.address(z, x, y);
    }
    // The last used come last, so that the first are those to forget.
    this.images.delete(key);
    this.images.set(key, tile);
    if (this.images.size > KEPT_TILES) this.images.delete(this.images.keys().next().value);
    return tile;
  }

  draw(context, viewport) {
    const z = Math.min(DEEPEST, Math.max(0, Math.round(viewport.zoom)));
    const across = 2 ** z;
    const side = TILE_PX * 2 ** (viewport.zoom - z);
    const size = worldPx(viewport.zoom);
    const left = viewport.x * size - viewport.width / 2;
    const top = viewport.y * size - viewport.height / 2;
    for (let row = Math.floor(top / side); row * side < top + viewport.height; row += 1) {
      if (row < 0 || row >= across) continue;
      for (let column = Math.floor(left / side); column * side < left + viewport.width; column += 1) {
        const tile = this.image(z, ((column % across) + across) % across, row);
        // Half a pixel of overlap hides the seams of a scale between two zooms.
        if (tile.ready) context.drawImage(tile.image, column * side - left, row * side - top, side + 0.5, side + 0.5);
      }
    }
  }
}
