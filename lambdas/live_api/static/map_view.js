// The map as a whole: its drawing, its markers, its gestures and its buttons.

import { BaseMap } from "./base_map.js";
import { byId, el } from "./dom.js";
import { Gestures } from "./gestures.js";
import { LEVELS, levelIcon, levelWords } from "./levels.js";
import { Markers } from "./markers.js";
import { text } from "./messages.js";
import { Viewport } from "./viewport.js";

const MARGIN_PX = 60;
const CLOSEST_WITH_TILES = 16;
const CLOSEST_WITHOUT = 12;

export class MapView {
  constructor({ choose }) {
    this.surface = byId("map");
    this.viewport = new Viewport();
    this.base = new BaseMap(byId("canvas"), this.viewport);
    this.markers = new Markers(byId("markers"), this.viewport, { choose });
    this.viewport.inset = () => this.hidden();
    this.viewport.onMove(() => this.tell());
    this.base.covered = () => this.markers.taken;
    this.places = [];
    Object.assign(this, { answer: null, chosenId: null, fitted: false });
    this.onClick = null;
    this.gestures = new Gestures(this.surface, this.viewport, {
      click: (point) => this.onClick?.(this.viewport.toPlace(...point)),
      all: () => this.showAll(),
    });
    byId("zoom-in").addEventListener("click", () => this.zoom(1));
    byId("zoom-out").addEventListener("click", () => this.zoom(-1));
    byId("zoom-all").addEventListener("click", () => this.showAll());
    new ResizeObserver(() => this.resize()).observe(this.surface);
  }

  // Where the map is, for whoever drives the page from outside.
  tell() {
    const [longitude, latitude] = this.viewport.toPlace(...this.viewport.middle);
    Object.assign(this.surface.dataset, { zoom: this.viewport.zoom.toFixed(2), longitude: longitude.toFixed(5), latitude: latitude.toFixed(5) });
  }

  resize() {
    if (!this.surface.clientWidth) return; // the list has the screen
    this.viewport.resize(this.surface.clientWidth, this.surface.clientHeight);
    if (this.answer) this.show(this.answer, this.places, this.chosenId);
    this.base.request();
  }

  get closest() {
    return this.base.tiles ? CLOSEST_WITH_TILES : CLOSEST_WITHOUT;
  }

  zoom(change) {
    this.viewport.zoomAround(...this.viewport.middle, change);
  }

  showAll() {
    this.viewport.fit(this.places, { closest: this.closest });
  }

  show(answer, places, chosenId) {
    this.places = places;
    Object.assign(this, { answer, chosenId });
    if (!this.surface.clientWidth) return; // the list has the screen: drawn when the map is looked at
    this.base.useTiles(answer.map?.tile_url ?? null);
    byId("map-source").textContent = this.base.tiles ? answer.map.attribution : text("outline_source");
    this.markers.show(places, chosenId);
    this.base.request();
    this.fitOnce();
  }

  // Where the places lie is shown once; after that the map is where the reader moved it.
  fitOnce() {
    if (this.fitted || !this.places.length || !this.surface.clientWidth) return;
    this.fitted = true;
    this.viewport.fit(this.places, { animate: false, closest: this.closest });
  }

  bring(place) {
    const [x, y] = this.viewport.toScreen(place.longitude, place.latitude);
    const right = this.viewport.width - this.hidden();
    const inside = x > MARGIN_PX && y > MARGIN_PX && x < right - MARGIN_PX && y < this.viewport.height - MARGIN_PX;
    if (!inside) this.viewport.goTo({ longitude: place.longitude, latitude: place.latitude });
  }

  // How much of the map's right lies under the card or the editor.
  hidden() {
    const { right } = this.surface.getBoundingClientRect();
    const panels = [byId("card"), byId("editor")].filter((panel) => !panel.hidden).map((panel) => panel.getBoundingClientRect());
    return Math.max(0, ...panels.filter(({ left, right: end }) => end >= right && left > right / 3).map(({ left }) => right - left));
  }

  legend() {
    byId("legend-list").replaceChildren(...LEVELS.map(({ name, range }) =>
      el("li", {}, levelIcon(name), el("span", {}, levelWords(name)), el("span", { class: "range" }, range))),
    el("li", {}, levelIcon("no_data"), el("span", {}, text("level_no_data"))),
    el("li", {}, el("span", { class: "ring-sample" }), el("span", {}, text("legend_ring"))));
  }
}
