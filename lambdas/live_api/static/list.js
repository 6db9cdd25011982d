// The places as a list: what phones show first, and what stands beside the map elsewhere.

import { byId, el, keyed, setAttribute, setText } from "./dom.js";
import { clockOrDay, people, whole } from "./format.js";
import { kindOf, levelIcon, levelWords, rank } from "./levels.js";
import { currentLanguage, placeName, text } from "./messages.js";

const byName = (a, b) => placeName(a).localeCompare(placeName(b), currentLanguage()) || (a.id < b.id ? -1 : 1);
const ORDERS = {
  level: (a, b) => rank(b) - rank(a) || (b.percent ?? -1) - (a.percent ?? -1) || (b.count ?? -1) - (a.count ?? -1) || byName(a, b),
  count: (a, b) => (b.count ?? -1) - (a.count ?? -1) || byName(a, b),
  name: byName,
};
export const ORDER_NAMES = Object.keys(ORDERS);

export function changeWords(change) {
  if (change === null || change === undefined) return "";
  if (change === 0) return text("change_none");
  return text(change > 0 ? "change_up" : "change_down", { count: whole(Math.abs(change)) });
}

// A state beside the level: what is live needs no words.
export function stateWords(place) {
  if (place.state === "stale") return text("state_stale_at", { time: place.seen_at ? clockOrDay(place.seen_at, place.time_zone) : "?" });
  if (place.state === "suspect") return text("state_suspect");
  return "";
}

export class List {
  constructor(choose) {
    this.holder = byId("list");
    this.choose = choose;
  }

  show(places, order, chosenId) {
    const sorted = [...places].sort(ORDERS[order] ?? ORDERS.level);
    keyed(this.holder, sorted, ({ id }) => id, ({ id }) => this.make(id), (item, place) => this.update(item, place, chosenId));
  }

  make(id) {
    const parts = {};
    const part = (name) => (parts[name] = el("span", { class: name }));
    const item = el("li", {}, el("button", { type: "button", class: "row", onclick: () => this.choose(id) },
      part("icon"), el("span", { class: "names" }, part("name")),
      el("span", { class: "figures" }, part("count"), part("percent")),
      el("span", { class: "more" }, part("level"), part("ring"), part("state"), part("change"))));
    item.parts = parts;
    return item;
  }

  update(item, place, chosenId) {
    const kind = kindOf(place);
    const at = (name) => item.parts[name];
    const row = item.firstElementChild;
    row.className = `row kind-${kind} state-${place.state}`;
    row.classList.toggle("seen-now", place.seen_now);
    setAttribute(row, "aria-current", place.id === chosenId ? "true" : null);
    if (item.iconKind !== kind) at("icon").replaceChildren(levelIcon(kind));
    item.iconKind = kind;
    setText(at("name"), placeName(place));
    setText(at("count"), kind === "no_data" ? text("level_no_data") : people(place.count));
    setText(at("percent"), place.percent === null || kind === "no_data" ? "" : text("of_usual", { percent: whole(place.percent) }));
    setText(at("level"), kind === "no_data" ? "" : kind === "unknown" ? text("level_unknown_short") : levelWords(kind));
    setText(at("ring"), place.seen_now ? text("seen_now_short") : "");
    setText(at("state"), stateWords(place));
    setText(at("change"), kind === "no_data" || place.state === "stale" || !place.change ? "" : changeWords(place.change));
  }
}
