// The feeds of a place: zones that cameras count, and boxes on the ground that drones look into.

import { el } from "./dom.js";
import { field, number } from "./editor_fields.js";
import { clockOrDay } from "./format.js";
import { text } from "./messages.js";

const SIDES = ["west", "south", "east", "north"];
const zoneKey = ({ site, camera, zone }) => JSON.stringify([site, camera, zone]);
const className = (name) => (name === "person" ? text("class_person") : name);
export const rounded = (degrees) => Math.round(degrees * 1e6) / 1e6;

export class Feeds {
  // `place` is what is edited, `choices` what GET /feeds told, `draw(feed)` lets a box be drawn on the map.
  constructor({ place, choices, changed, draw, view }) {
    Object.assign(this, { place, choices, changed, draw, view });
    this.list = el("div", {});
    this.holder = el("fieldset", { "data-path": "feeds", id: "feeds" }, el("legend", {}, text("feeds")),
      el("p", { class: "help" }, text("feeds_help")), el("p", { class: "wrong", id: "feeds-wrong" }), this.list,
      el("div", { class: "foot" }, el("button", { type: "button", onclick: () => this.add("zone") }, text("add_zone")),
        el("button", { type: "button", onclick: () => this.add("box") }, text("add_box"))));
    this.render();
  }

  add(kind) {
    const own = kind === "zone" ? { camera: "", zone: "" }
      : { device: null, ...Object.fromEntries(SIDES.map((side) => [side, null])), azimuth_from: null, azimuth_to: null };
    const feed = { kind, site: this.place.site, ...own, object_classes: ["person"] };
    if (kind === "box") Object.assign(feed, this.choices.devices.length ? {} : this.view());
    this.place.feeds.push(feed);
    this.changed();
    this.render();
    this.list.lastElementChild.querySelector("select, input").focus();
  }

  remove(index) {
    this.place.feeds.splice(index, 1);
    this.changed();
    this.render();
    this.holder.querySelector(".foot button").focus();
  }

  render() {
    this.list.replaceChildren(...this.place.feeds.map((feed, index) => this.feed(feed, index)));
  }

  feed(feed, index) {
    const name = text(feed.kind === "zone" ? "feed_zone" : "feed_box", { number: index + 1 });
    const id = `feed-${index}`;
    return el("fieldset", { class: "feed", "data-path": `feeds[${index}]`, id }, el("legend", {}, name),
      el("p", { class: "wrong", id: `${id}-wrong` }),
      feed.kind === "zone" ? this.zone(feed, index) : this.box(feed, index), this.classes(feed, index),
      el("button", { type: "button", "aria-label": text("feed_remove", { name }), onclick: () => this.remove(index) }, text("remove")));
  }

  zone(feed, index) {
    const { zones } = this.choices;
    const known = zones.some((choice) => zoneKey(choice) === zoneKey(feed));
    // A zone that fell silent is still the one that was chosen.
    const own = feed.zone && !known ? [{ ...feed, last_seen_at: null }] : [];
    const select = el("select", { onchange: () => this.chooseZone(feed, select.value) },
      el("option", { value: "" }, text("zone_choose")), [...own, ...zones].map((choice) => el("option",
        { value: zoneKey(choice), selected: zoneKey(choice) === zoneKey(feed) },
        `${choice.site} / ${choice.camera} / ${choice.zone} (${choice.last_seen_at
          ? text("zone_seen", { time: clockOrDay(choice.last_seen_at) }) : text("zone_gone")})`)));
    return field(`feeds[${index}].zone`, text("field_zone"), select, { help: zones.length ? "" : text("feeds_none_seen") });
  }

  chooseZone(feed, value) {
    const [site, camera, zone] = value ? JSON.parse(value) : [this.place.site, "", ""];
    Object.assign(feed, { site, camera, zone });
    this.changed();
    this.render();
  }

  box(feed, index) {
    const one = (name, help = "") => field(`feeds[${index}].${name}`, text(`field_${name}`),
      number(feed[name], (value) => { feed[name] = value; this.changed(); }), { help });
    const devices = new Set([feed.device, ...this.choices.devices.map(({ device }) => device)].filter(Boolean));
    const select = el("select", { onchange: () => this.chooseDevice(feed, select.value) },
      el("option", { value: "" }, text("any_device")),
      [...devices].map((device) => el("option", { value: device, selected: device === feed.device }, device)));
    return [
      field(`feeds[${index}].device`, text("field_device"), select),
      el("div", { class: "foot" },
        el("button", { type: "button", onclick: () => this.draw(feed) }, text("draw_box")),
        el("button", { type: "button", onclick: () => this.useView(feed) }, text("box_view"))),
      el("div", { class: "pair" }, SIDES.map((side) => one(side))),
      el("div", { class: "pair" }, one("azimuth_from"), one("azimuth_to")),
      el("p", { class: "help" }, text("azimuth_help")),
    ];
  }

  // Where the drone's people lay is a better first box than none.
  chooseDevice(feed, device) {
    feed.device = device || null;
    const seen = this.choices.devices.find((choice) => choice.device === device);
    if (seen) {
      feed.site = seen.site;
      if (feed.west === null) for (const side of SIDES) feed[side] = rounded(seen[side]);
    }
    this.changed();
    this.render();
  }

  useView(feed) {
    Object.assign(feed, this.view());
    this.changed();
    this.render();
  }

  classes(feed, index) {
    const choices = feed.kind === "zone"
      ? this.choices.zones.filter((choice) => zoneKey(choice) === zoneKey(feed))
      : this.choices.devices.filter(({ device }) => !feed.device || device === feed.device);
    const names = new Set(["person", ...choices.flatMap((choice) => choice.object_classes), ...feed.object_classes]);
    const id = `classes-${index}`;
    const check = (name) => el("label", {}, el("input", { type: "checkbox", checked: feed.object_classes.includes(name),
      onchange: (event) => {
        feed.object_classes = event.target.checked ? [...feed.object_classes, name] : feed.object_classes.filter((other) => other !== name);
        this.changed();
      } }), className(name));
    return el("div", { class: "field", role: "group", id, "data-path": `feeds[${index}].object_classes`, tabindex: -1,
      "aria-label": text("field_classes") }, el("span", {}, text("field_classes")),
    el("div", { class: "checks" }, [...names].map(check)), el("p", { class: "wrong", id: `${id}-wrong` }));
  }
}
