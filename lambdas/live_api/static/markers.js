// A button per place (or group of places) over the map.

import { el, keyed, setAttribute, setText } from "./dom.js";
import { people, whole } from "./format.js";
import { grouped, APART_ZOOM } from "./grouping.js";
import { kindOf, levelIcon, levelWords } from "./levels.js";
import { placeName, text } from "./messages.js";

const LABEL_GAP_PX = 18;
const OUTSIDE_PX = 80;
const estimatedWidth = (words) => [...words].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? 12.5 : 7), 8);

export function spokenPlace(place) {
  const parts = [placeName(place), levelWords(kindOf(place))];
  if (place.count !== null && place.state !== "no_data") parts.push(people(place.count));
  if (place.percent !== null && place.percent !== undefined) parts.push(text("of_usual", { percent: whole(place.percent) }));
  if (place.state === "stale" || place.state === "suspect") parts.push(text(`state_${place.state}`));
  if (place.seen_now) parts.push(text("seen_now"));
  return parts.join(", ");
}

export class Markers {
  constructor(holder, viewport, { choose }) {
    Object.assign(this, { holder, viewport, choose, places: [], chosenId: null, groups: [], zoom: null, taken: [], hiddenId: null });
    viewport.onMove(() => this.place());
  }

  show(places, chosenId) {
    this.places = places;
    this.chosenId = chosenId;
    this.regroup();
    this.place();
  }

  // The place that is edited is drawn by the editor: its marker would lie over its boxes.
  hide(id) {
    this.hiddenId = id;
    this.regroup();
    this.place();
  }

  regroup() {
    this.zoom = Math.round(this.viewport.zoom * 4) / 4;
    this.groups = grouped(this.places.filter(({ id }) => id !== this.hiddenId), this.zoom, this.chosenId);
    keyed(this.holder, this.groups, (group) => group.key, () => this.make(), (button, group) => this.update(button, group));
  }

  make() {
    const [icon, figure, label] = ["icon", "figure", "label"].map((name) => el("span", { class: name }));
    const button = el("button", { type: "button", class: "marker" }, el("span", { class: "pill" }, icon, figure),
      el("span", { class: "stem" }), label);
    button.parts = { icon, figure, label };
    button.addEventListener("click", () => this.press(button.group));
    return button;
  }

  press(group) {
    if (group.places.length === 1) this.choose(group.first.id);
    else this.viewport.fit(group.places, { closest: APART_ZOOM, padding: 110 });
  }

  update(button, group) {
    const { first, places, kind } = group;
    const single = places.length === 1;
    button.group = group;
    button.className = `marker kind-${kind} state-${first.state}`;
    button.classList.toggle("group", !single);
    button.classList.toggle("seen-now", single && first.seen_now);
    button.classList.toggle("chosen", single && first.id === this.chosenId);
    if (button.iconKind !== kind) button.parts.icon.replaceChildren(levelIcon(kind));
    button.iconKind = kind;
    const figure = kind === "no_data" ? text("level_no_data") : whole(first.count ?? 0);
    setText(button.parts.figure, single ? figure : text("cluster", { count: places.length }));
    setText(button.parts.label, single ? placeName(first) : "");
    setAttribute(button, "aria-label", single ? spokenPlace(first)
      : text("cluster_label", { count: places.length, level: levelWords(kind) }));
    setAttribute(button, "aria-pressed", single ? String(first.id === this.chosenId) : null);
  }

  place() {
    if (Math.round(this.viewport.zoom * 4) / 4 !== this.zoom) this.regroup();
    const taken = [];
    const { width, height } = this.viewport;
    for (const button of this.holder.children) {
      const { longitude, latitude, lift } = button.group;
      const [x, y] = this.viewport.toScreen(longitude, latitude);
      button.style.transform = `translate(${Math.round(x)}px, ${Math.round(y - lift)}px) translate(-50%, -100%)`;
      button.style.setProperty("--lift", `${lift}px`);
      button.hidden = x < -OUTSIDE_PX || y < -OUTSIDE_PX || x > width + OUTSIDE_PX || y > height + OUTSIDE_PX;
      if (!button.hidden) taken.push([x - 40, y - 46 - lift, x + 40, y]);
    }
    this.label(taken);
    this.taken = taken;
  }

  // A name is written where it covers no marker and no other name; the chosen one's always.
  label(taken) {
    const chosenFirst = [...this.holder.children].sort((a, b) => b.classList.contains("chosen") - a.classList.contains("chosen"));
    for (const button of chosenFirst) {
      const { label } = button.parts;
      const [x, y] = this.viewport.toScreen(button.group.longitude, button.group.latitude);
      const half = estimatedWidth(label.textContent) / 2;
      const own = [x - half, y + 4, x + half, y + 4 + LABEL_GAP_PX];
      const free = !button.hidden && !button.group.lift && label.textContent !== ""
        && (button.classList.contains("chosen") || !taken.some((box) => own[0] < box[2] && box[0] < own[2] && own[1] < box[3] && box[1] < own[3]));
      button.classList.toggle("named", free);
      if (free) taken.push(own);
    }
  }
}
