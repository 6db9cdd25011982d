// The drawn part of the map: sea, land, tiles, grid, city names, scale, and what the editor lays over it.

import { CITIES } from "./cities.js";
import { currentLanguage } from "./messages.js";
import { Outline } from "./outline.js";
import { latitudeAt, longitudeAt, metresPerPixel, worldPx } from "./projection.js";
import { Tiles } from "./tiles.js";

const GRID_PX = 130;
const GRID_DEGREES = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005];
const SCALE_PX = 110;
const FONT = "12px system-ui, 'Noto Sans KR', 'Noto Sans CJK KR', sans-serif";

export class BaseMap {
  constructor(canvas, viewport) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.viewport = viewport;
    this.outline = null;
    this.tiles = null;
    this.covered = () => []; // where markers stand: no city is written under one
    this.overlay = null; // draws on the canvas after everything else
    this.waiting = false;
    viewport.onMove(() => this.request());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.request());
  }

  async loadOutline() {
    const response = await fetch("outline.json");
    if (!response.ok) return;
    this.outline = new Outline(await response.json());
    this.request();
  }

  useTiles(template) {
    if ((this.tiles?.template ?? null) === template) return;
    this.tiles = template ? new Tiles(template, () => this.request()) : null;
    this.request();
  }

  // At most once a frame of the screen.
  request() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  colours() {
    const style = getComputedStyle(this.canvas);
    const names = ["sea", "land", "coast", "border", "grid", "map-text", "map-halo", "draft"];
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  draw() {
    const { context, viewport } = this;
    const density = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(viewport.width * density), Math.round(viewport.height * density)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const colours = this.colours();
    context.setTransform(density, 0, 0, density, 0, 0);
    context.fillStyle = colours.sea;
    context.fillRect(0, 0, viewport.width, viewport.height);
    this.outline?.draw(context, viewport, colours);
    this.tiles?.draw(context, viewport);
    if (!this.tiles) {
      this.drawGrid(colours);
      this.drawCities(colours);
    }
    this.drawScale(colours);
    this.overlay?.(context, viewport, colours);
  }

  words(words, x, y, colours, { align = "left", faint = false } = {}) {
    const { context } = this;
    context.font = FONT;
    context.textAlign = align;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = colours["map-halo"];
    context.strokeText(words, x, y);
    context.fillStyle = faint ? colours.coast : colours["map-text"];
    context.fillText(words, x, y);
  }

  drawGrid(colours) {
    const { context, viewport } = this;
    const size = worldPx(viewport.zoom);
    const step = GRID_DEGREES.findLast((degrees) => (degrees / 360) * size >= GRID_PX) ?? GRID_DEGREES[0];
    const west = longitudeAt(viewport.x - viewport.width / 2 / size);
    const east = longitudeAt(viewport.x + viewport.width / 2 / size);
    const north = latitudeAt(viewport.y - viewport.height / 2 / size);
    const south = latitudeAt(viewport.y + viewport.height / 2 / size);
    context.beginPath();
    for (let column = Math.ceil(west / step); column * step <= east; column += 1) {
      const x = viewport.width / 2 + ((column * step) / 360 + 0.5 - viewport.x) * size;
      context.moveTo(x, 0);
      context.lineTo(x, viewport.height);
    }
    for (let row = Math.ceil(south / step); row * step <= north; row += 1) {
      const y = viewport.toScreen(0, row * step)[1];
      context.moveTo(0, y);
      context.lineTo(viewport.width, y);
    }
    context.lineWidth = 1;
    context.strokeStyle = colours.grid;
    context.stroke();
  }

  drawCities(colours) {
    const { context, viewport } = this;
    const name = currentLanguage() === "ko" ? 3 : 4;
    const taken = [];
    const covered = this.covered();
    for (const city of CITIES.filter(([, , zoom]) => viewport.zoom >= zoom).sort((a, b) => a[2] - b[2])) {
      const [x, y] = viewport.toScreen(city[0], city[1]);
      const width = city[name].length * (name === 3 ? 13 : 7) + 12;
      const outside = x < -width || y < 0 || x > viewport.width || y > viewport.height;
      if (outside || taken.some((other) => Math.abs(other.y - y) < 16 && x < other.x + other.width
        && other.x < x + width)) continue;
      if (covered.some(([left, top, right, bottom]) => x - 4 < right && left < x + width && y - 9 < bottom
        && top < y + 9)) continue;
      taken.push({ x, y, width });
      context.beginPath();
      context.arc(x, y, 2, 0, 2 * Math.PI);
      context.fillStyle = colours["map-text"];
      context.fill();
      this.words(city[name], x + 6, y, colours);
    }
  }

  drawScale(colours) {
    const { context, viewport } = this;
    const middle = latitudeAt(viewport.y);
    const room = metresPerPixel(middle, viewport.zoom) * SCALE_PX;
    const power = 10 ** Math.floor(Math.log10(room));
    const metres = [5, 2, 1].find((times) => times * power <= room) * power;
    const width = metres / metresPerPixel(middle, viewport.zoom);
    const y = viewport.height - 12;
    for (const [colour, line] of [[colours["map-halo"], 4], [colours["map-text"], 1.5]]) {
      context.beginPath();
      context.moveTo(12, y - 5);
      context.lineTo(12, y);
      context.lineTo(12 + width, y);
      context.lineTo(12 + width, y - 5);
      context.lineWidth = line;
      context.strokeStyle = colour;
      context.stroke();
    }
    this.words(metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, 18, y - 10, colours);
  }
}
