// Draws the scene over the frame. Sizes are in screen pixels, so that handles stay as large as a finger needs.

import { byId, svg } from "./dom.js";
import { centre, distance, inNormal, middle } from "./geometry.js";
import { text } from "./messages.js";

const COLOURS = ["#18a0fb", "#00b37a", "#c05cd6", "#f2802e", "#8a7bf0", "#d9a800"];
const LINE_COLOUR = "#ffd400";
const ARROW_PX = 34;
const HANDLE_PX = 6;
const REACH_PX = 14;
const STACKED_SHARE = 0.5;

export const zoneColour = (index) => COLOURS[index % COLOURS.length];
export const lineColour = LINE_COLOUR;

export class Drawing {
  constructor(state) {
    this.state = state;
    this.canvas = byId("canvas");
    this.pointer = null; // where the mouse is, while a shape is drawn
    this.image = svg("image", { preserveAspectRatio: "none", x: 0, y: 0 });
    this.layer = svg("g");
    this.canvas.replaceChildren(this.arrowHead(), this.image, this.layer);
    const { width, height } = state.frame;
    this.canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.image.setAttribute("width", width);
    this.image.setAttribute("height", height);
    const fit = byId("fit");
    new ResizeObserver(() => this.fitInto(fit)).observe(fit);
    state.onChange(() => this.draw());
  }

  showFrame(address) {
    return new Promise((resolve) => {
      this.image.addEventListener("load", resolve, { once: true });
      this.image.addEventListener("error", resolve, { once: true });
      this.image.setAttribute("href", address);
    });
  }

  fitInto(fit) {
    const { width, height } = this.state.frame;
    // Where the lists stand below the frame, it takes the width, and leaves a part of the screen to them.
    const stacked = matchMedia("(max-width: 900px)").matches;
    const room = stacked ? window.innerHeight * STACKED_SHARE : fit.clientHeight;
    const scale = Math.min(fit.clientWidth / width, room / height);
    this.canvas.style.width = `${Math.floor(width * scale)}px`;
    this.canvas.style.height = `${Math.floor(height * scale)}px`;
    this.draw();
  }

  // Pixels of the frame that one pixel of the screen covers.
  get unit() {
    return this.state.frame.width / (this.canvas.clientWidth || this.state.frame.width);
  }

  arrowHead() {
    const head = { id: "head", viewBox: "0 0 10 10", refX: 8, refY: 5, markerWidth: 5, markerHeight: 5,
      orient: "auto-start-reverse" };
    return svg("defs", {}, svg("marker", head, svg("path", { d: "M0 0 L10 5 L0 10 z", fill: LINE_COLOUR })));
  }

  draw() {
    const { document, selected, showGrid, review } = this.state;
    const grid = showGrid ? review?.facts?.ground?.grid ?? [] : [];
    this.layer.replaceChildren(
      ...grid.map((run) => svg("polyline", { class: "grid", points: run.join(" ") })),
      ...document.zones.map((zone, index) => this.zone(zone, index)),
      ...document.lines.map((line, index) => this.line(line, index)),
      ...document.ground.map((pair, index) => this.groundPoint(pair, index)),
      ...(selected && selected.section !== "ground" ? this.handles() : []),
      ...(this.state.draft ? this.draft() : []),
    );
    this.canvas.classList.toggle("drawing", this.state.tool !== "select");
  }

  isWrong(section, index) {
    return (this.state.review?.problems ?? []).some(({ where }) => where[0] === section && where[1] === index);
  }

  classes(section, index, base) {
    const { selected } = this.state;
    const chosen = selected && selected.section === section && selected.index === index;
    return [base, "shape", chosen && "selected", this.isWrong(section, index) && "wrong"].filter(Boolean).join(" ");
  }

  label(words, [x, y], colour, anchor = "middle") {
    const size = 14 * this.unit;
    const inside = Math.min(Math.max(y, size * 1.2), this.state.frame.height - size * 0.5);
    return svg("text", { x, y: inside, class: "label", "font-size": size, fill: colour, "text-anchor": anchor,
      "stroke-width": 3 * this.unit }, words);
  }

  zone(zone, index) {
    const colour = zoneColour(index);
    return svg("g", { class: this.classes("zones", index, "zone"), "data-section": "zones", "data-index": index },
      svg("polygon", { points: zone.polygon.join(" "), fill: colour, stroke: colour }),
      this.label(zone.name, centre(zone.polygon), "#fff"));
  }

  line(line, index) {
    const group = svg("g",
      { class: this.classes("lines", index, "line"), "data-section": "lines", "data-index": index },
      svg("polyline", { class: "reach", points: line.points.join(" ") }),
      svg("polyline", { class: "under", points: line.points.join(" ") }),
      svg("polyline", { class: "over", points: line.points.join(" "), stroke: LINE_COLOUR }));
    for (let place = 1; place < line.points.length; place += 1) {
      group.append(...this.arrow(line.points[place - 1], line.points[place], place === 1));
    }
    const [x, y] = line.points[0];
    const half = this.state.frame.width / 2;
    const shift = (x < half ? 10 : -10) * this.unit;
    group.append(this.label(line.name, [x + shift, y + 16 * this.unit], LINE_COLOUR, x < half ? "start" : "end"));
    return group;
  }

  // An arrow across a segment, to the side that counts as "in".
  arrow(start, end, named) {
    const [nx, ny] = inNormal(start, end);
    const [x, y] = middle(start, end);
    const length = Math.min(ARROW_PX * this.unit, Math.max(distance(start, end), 12 * this.unit));
    const tip = { x1: x, y1: y, x2: x + nx * length, y2: y + ny * length };
    const parts = [
      svg("line", { class: "arrow under", ...tip }),
      svg("line", { class: "arrow over", ...tip, stroke: LINE_COLOUR, "marker-end": "url(#head)" }),
    ];
    if (named) {
      const away = length + 8 * this.unit;
      const anchor = nx > 0.5 ? "start" : nx < -0.5 ? "end" : "middle";
      const drop = (anchor === "middle" ? 5 + 8 * ny : 5) * this.unit;
      parts.push(this.label(text("in"), [x + nx * away, y + ny * away + drop], LINE_COLOUR, anchor));
    }
    return parts;
  }

  groundPoint(pair, index) {
    const [x, y] = pair.image;
    const arm = 9 * this.unit;
    const { selected, tool } = this.state;
    const place = pair.world_m.map((value) => (value === "" ? "?" : value)).join(", ");
    // The metres stand beside a point only while one works on the ground: many labels hide the picture.
    const words = tool === "ground" || selected?.section === "ground" ? `${index + 1} (${place})` : `${index + 1}`;
    return svg("g",
      { class: this.classes("ground", index, "ground"), "data-section": "ground", "data-index": index,
        "data-handle": 0 },
      svg("circle", { class: "reach", cx: x, cy: y, r: REACH_PX * this.unit }),
      svg("path", { class: "under", d: `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}` }),
      svg("path", { class: "over", d: `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}` }),
      this.label(words, [x, y - 13 * this.unit], "#fff"));
  }

  handles() {
    const { selected } = this.state;
    const points = this.state.pointsOf(selected);
    const closed = selected.section === "zones";
    const ghosts = points.slice(closed ? 0 : 1).map((point, place) => {
      const before = closed ? points[(place + points.length - 1) % points.length] : points[place];
      return this.ghost(before, point, closed ? place : place + 1);
    });
    return [...ghosts, ...points.map((point, place) => this.handle(point, place, selected.point === place))];
  }

  handle([x, y], place, chosen) {
    return svg("g", { class: chosen ? "handle chosen" : "handle", "data-handle": place },
      svg("circle", { class: "reach", cx: x, cy: y, r: REACH_PX * this.unit }),
      svg("circle", { class: "dot", cx: x, cy: y, r: HANDLE_PX * this.unit }));
  }

  // A small dot in the middle of an edge: dragging it makes a new point there.
  ghost(start, end, place) {
    if (distance(start, end) < 44 * this.unit) return svg("g");
    const [x, y] = middle(start, end);
    return svg("g", { class: "ghost", "data-ghost": place },
      svg("circle", { class: "reach", cx: x, cy: y, r: REACH_PX * 0.8 * this.unit }),
      svg("circle", { class: "dot", cx: x, cy: y, r: HANDLE_PX * 0.6 * this.unit }));
  }

  draft() {
    const { section, points } = this.state.draft;
    const all = this.pointer ? [...points, this.pointer] : points;
    const colour = section === "zones" ? zoneColour(this.state.document.zones.length) : LINE_COLOUR;
    const parts = [
      svg(section === "zones" ? "polygon" : "polyline",
        { class: "draft", points: all.join(" "), stroke: colour, fill: section === "zones" ? colour : "none" }),
    ];
    if (section === "lines" && all.length > 1) parts.push(...this.arrow(all[0], all[1], true));
    const closes = section === "zones" && points.length > 2;
    points.forEach(([x, y], place) => {
      const size = place === 0 && closes ? 1.5 : 1;
      parts.push(svg("circle", { class: place === 0 && closes ? "dot first" : "dot", cx: x, cy: y,
        r: HANDLE_PX * size * this.unit }));
    });
    return parts;
  }

  isNear(first, second, screenPixels) {
    return distance(first, second) <= screenPixels * this.unit;
  }
}

