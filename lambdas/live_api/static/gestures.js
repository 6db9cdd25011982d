// Moves the map by mouse, touch, wheel and keyboard.

const CLICK_PX = 5;
const KEY_PAN_PX = 90;
const WHEEL_ZOOM = 0.0022;
const WHEEL_LINE_PX = 18;
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Gestures {
  // `tool` may take a drag for itself (the editor draws a box): start(point) → true, move(point), end(point).
  constructor(surface, viewport, { click, all }) {
    Object.assign(this, { surface, viewport, click, tool: null });
    this.pointers = new Map();
    this.travelled = 0;
    this.drawing = false;
    surface.addEventListener("pointerdown", (event) => this.down(event));
    surface.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) surface.addEventListener(name, (event) => this.up(event));
    // The end of a drag is no click on the marker it began on.
    surface.addEventListener("click", (event) => {
      if (this.travelled > CLICK_PX && event.detail > 0) event.stopPropagation();
    }, true);
    surface.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    surface.addEventListener("dblclick", (event) => {
      if (event.target.closest("button, a, details")) return;
      const [x, y] = this.at(event);
      viewport.zoomAround(x, y, event.shiftKey ? -1 : 1);
    });
    surface.addEventListener("keydown", (event) => this.key(event, all));
  }

  at(event) {
    const box = this.surface.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    if (event.button !== 0 || event.target.closest(".map-controls, .legend, .map-source")) return;
    this.viewport.stop();
    if (this.pointers.size === 0) this.travelled = 0;
    this.pointers.set(event.pointerId, this.at(event));
    this.drawing = this.pointers.size === 1 && !event.target.closest("button") && (this.tool?.start(this.at(event)) ?? false);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    // A capture from the first touch on would take the click from the marker under it.
    if (this.travelled > CLICK_PX && !this.surface.hasPointerCapture(event.pointerId)) {
      this.surface.setPointerCapture(event.pointerId);
    }
    this.pointers.set(event.pointerId, now);
    if (this.drawing) this.tool?.move(now);
    else if (other) this.pinch(before, now, other);
    else if (this.travelled > CLICK_PX) this.viewport.panBy(now[0] - before[0], now[1] - before[1]);
  }

  pinch(before, now, other) {
    const spread = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
    const centre = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    this.viewport.panBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.viewport.zoomAround(centre[0], centre[1], Math.log2(spread(now) / spread(before)));
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const point = this.at(event);
    if (this.drawing) {
      this.drawing = false;
      this.tool?.end(point);
    } else if (event.type === "pointerup" && this.travelled <= CLICK_PX && !event.target.closest("button, a, details")) {
      this.click(point);
    }
  }

  wheel(event) {
    if (event.target.closest(".legend")) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? WHEEL_LINE_PX : 1);
    const [x, y] = this.at(event);
    this.viewport.zoomAround(x, y, Math.min(1, Math.max(-1, -pixels * WHEEL_ZOOM)));
  }

  key(event, all) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { middle } = this.viewport;
    if (event.key in ARROWS) this.viewport.panBy(...ARROWS[event.key].map((step) => step * KEY_PAN_PX));
    else if (event.key === "+" || event.key === "=") this.viewport.zoomAround(...middle, 1);
    else if (event.key === "-" || event.key === "_") this.viewport.zoomAround(...middle, -1);
    else if (event.key === "0") all();
    else return;
    event.preventDefault();
  }
}
