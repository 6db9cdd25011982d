// What mouse, pen and finger do on the frame.

import { byId } from "./dom.js";
import { allowedMove, snap } from "./geometry.js";
import { text } from "./messages.js";
import { POINTS } from "./state.js";

const EDGE_PX = 6; // closer to the frame's edge means on it
const CLOSE_PX = 14;
const SAME_PX = 4;
const DRAG_PX = 3;

export class Pointer {
  constructor(state, drawing, panel) {
    this.state = state;
    this.drawing = drawing;
    this.panel = panel;
    this.canvas = drawing.canvas;
    this.drag = null;
    this.rows = 0;
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", () => this.end());
    this.canvas.addEventListener("pointercancel", () => this.end());
    this.canvas.addEventListener("pointerleave", () => this.leave());
    this.canvas.addEventListener("dblclick", () => this.finish());
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.state.frame;
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  snapped(event) {
    return snap(this.at(event), this.state.frame, EDGE_PX * this.drawing.unit);
  }

  down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    const { tool } = this.state;
    if (tool === "select") this.take(event);
    else if (tool === "ground") {
      this.state.addGround(this.snapped(event));
      this.panel.focusFirstField();
    } else this.addToDraft(tool === "zone" ? "zones" : "lines", this.snapped(event));
  }

  addToDraft(section, point) {
    const draft = this.state.draft ?? { section, points: [] };
    const [first, last] = [draft.points[0], draft.points.at(-1)];
    if (section === "zones" && draft.points.length > 2 && this.drawing.isNear(first, point, CLOSE_PX)) {
      this.finish();
      return;
    }
    // The second click of a double-click is no point of its own.
    if (last && this.drawing.isNear(last, point, SAME_PX)) return;
    draft.points.push(point);
    this.state.draft = draft;
    this.drawing.pointer = point;
    this.state.notify();
  }

  finish() {
    const { draft } = this.state;
    if (!draft) return;
    this.drawing.pointer = null;
    if (this.state.finishDraft(this.freeName(draft.section))) this.panel.focusFirstField();
    else this.state.notify();
  }

  freeName(section) {
    const taken = new Set(this.state.document[section].map((entry) => entry.name));
    const key = section === "zones" ? "new_zone" : "new_line";
    let number = 1;
    while (taken.has(text(key, { number }))) number += 1;
    return text(key, { number });
  }

  // Takes hold of a point, an edge's middle or a shape; nothing there lets go of the selection.
  take(event) {
    const handle = event.target.closest("[data-handle]");
    const ghost = event.target.closest("[data-ghost]");
    const shape = event.target.closest("[data-section]");
    const key = `drag-${(this.rows += 1)}`;
    if (shape?.dataset.section === "ground" || (shape && !handle)) this.takeShape(shape, event, key);
    else if (handle) this.takePoint(Number(handle.dataset.handle), key);
    else if (ghost) this.takeGhost(Number(ghost.dataset.ghost), event, key);
    else this.state.select(null);
    if (this.drag) this.canvas.setPointerCapture(event.pointerId);
  }

  takePoint(place, key) {
    const { section, index } = this.state.selected;
    this.state.select({ section, index, point: place });
    this.drag = { kind: "point", key, place };
  }

  takeGhost(place, event, key) {
    const { section, index } = this.state.selected;
    this.state.selected = { section, index, point: place };
    this.state.change((document) => document[section][index][POINTS[section]].splice(place, 0, this.snapped(event)),
      key);
    this.drag = { kind: "point", key, place };
  }

  takeShape(shape, event, key) {
    const { section, index } = shape.dataset;
    const selected = { section, index: Number(index), point: null };
    this.state.select(selected);
    const points = this.state.pointsOf(selected).map((point) => [...point]);
    const from = this.at(event);
    // Pulling at a corner moves the corner, also of a shape that was not selected before.
    const place = points.findIndex((point) => this.drawing.isNear(point, from, CLOSE_PX));
    this.drag = place >= 0 ? { kind: "point", key, place, from } : { kind: "shape", key, points, from };
  }

  move(event) {
    const point = this.snapped(event);
    byId("pointer").textContent = `${point[0]}, ${point[1]}`;
    if (this.state.draft) {
      this.drawing.pointer = point;
      this.drawing.draw();
    }
    if (!this.drag) return;
    if (this.drag.kind === "point") this.movePoint(this.at(event), point);
    else this.moveShape(this.at(event));
  }

  movePoint(to, point) {
    const { from, place, key } = this.drag;
    if (from && !this.drag.moving && this.drawing.isNear(from, to, DRAG_PX)) return;
    this.drag.moving = true;
    if (this.state.selected.section !== "ground") this.state.selected.point = place;
    this.state.setPoint(this.state.selected, place, point, key);
  }

  moveShape(to) {
    const { points, from, key } = this.drag;
    if (!this.drag.moving && this.drawing.isNear(from, to, DRAG_PX)) return;
    this.drag.moving = true;
    const [dx, dy] = allowedMove(points, [to[0] - from[0], to[1] - from[1]], this.state.frame);
    const { section, index } = this.state.selected;
    this.state.change((document) => {
      document[section][index][POINTS[section]] = points.map(([x, y]) => [x + dx, y + dy]);
    }, key);
  }

  end() {
    this.drag = null;
  }

  leave() {
    byId("pointer").textContent = "";
    if (this.state.draft && this.drawing.pointer) {
      this.drawing.pointer = null;
      this.drawing.draw();
    }
  }
}
