// The fields of a selected shape and of the scene.

import { el } from "./dom.js";
import { text } from "./messages.js";

const EVENT_DEFAULTS = {
  crowding: { threshold: 10 }, running: { threshold: 2.5 }, loitering: { threshold: 60 },
  restricted: { threshold: 1 }, stopped: { threshold: 30 },
  wrong_direction: { threshold: 90, allowed: 0 }, wrong_side: { threshold: 3, line: "" },
};
const SETTINGS = ["threshold", "minimum_seconds", "hysteresis", "rule_classes"];
const MORE_SETTINGS = { wrong_direction: ["allowed", "line"], wrong_side: ["line", "keep"] };
const REQUIRED = { wrong_direction: ["threshold", "allowed"], wrong_side: ["threshold", "line"] };

// A number when it is one; other words go to the server as they are, which says what was expected.
export function typed(words) {
  const trimmed = words.trim();
  const number = Number(trimmed.replace(",", "."));
  return trimmed !== "" && Number.isFinite(number) ? number : trimmed;
}

// A field whose value `read` gives and `write` takes; the panel refreshes it while it is not typed in.
export function field(label, read, write, attributes = {}) {
  const { inline = false, ...own } = attributes;
  const input = el("input", { type: "text", autocomplete: "off", spellcheck: "false", ...own,
    oninput: () => write(input.value) });
  input.value = read();
  input.refresh = () => {
    if (document.activeElement !== input && input.value !== String(read())) input.value = read();
  };
  return el("label", { class: inline ? "field inline" : "field" }, el("span", {}, label), input);
}

const NUMERIC = ["threshold", "minimum_seconds", "hysteresis"];
const decimal = { inputmode: "decimal" };

export function nameField(state, { section, index }) {
  return field(text("name"), () => state.document[section][index]?.name ?? "",
    (value) => state.change((document) => { document[section][index].name = value; }, `name-${section}-${index}`),
    { "data-focus": "name", maxlength: 64 });
}

export function areaField(state, index) {
  return field(text("area"), () => state.document.zones[index]?.area_m2 ?? "", (value) => {
    state.change((document) => {
      if (value.trim() === "") delete document.zones[index].area_m2;
      else document.zones[index].area_m2 = typed(value);
    }, `area-${index}`);
  }, { ...decimal, "data-focus": "area", placeholder: text("optional") });
}

export function pointFields(state, reference) {
  const { section, index } = reference;
  const points = state.pointsOf(reference);
  const least = section === "zones" ? 3 : 2;
  const rows = points.map((_, place) => el("li", {},
    el("span", { class: "number" }, String(place + 1)),
    ...[0, 1].map((axis) => coordinate(state, reference, place, axis)),
    section === "ground" || points.length <= least ? null : el("button",
      { type: "button", class: "plain", "aria-label": text("remove_point", { number: place + 1 }),
        onclick: () => { state.selected = { section, index, point: place }; state.remove(); } }, "×")));
  return el("details", { "data-focus": "points" }, el("summary", {}, text("points", { count: points.length })),
    el("ol", { class: "points" }, rows));
}

function coordinate(state, reference, place, axis) {
  const name = `${text("point", { number: place + 1 })} ${"xy"[axis]}`;
  const holder = field("xy"[axis], () => state.pointsOf(reference)[place]?.[axis] ?? "", (value) => {
    const point = [...state.pointsOf(reference)[place]];
    const number = typed(value);
    // A coordinate that is no number yet cannot be drawn: the point waits where it is.
    if (typeof number !== "number") return;
    point[axis] = number;
    state.setPoint(reference, place, point, `point-${reference.section}-${reference.index}-${place}-${axis}`);
  }, { ...decimal, inline: true, "aria-label": name, "data-focus": `point-${place}-${axis}` });
  return holder;
}

export function worldFields(state, index) {
  return ["world_x", "world_y"].map((key, axis) => field(text(key),
    () => state.document.ground[index]?.world_m[axis] ?? "",
    (value) => state.change((document) => { document.ground[index].world_m[axis] = typed(value); },
      `world-${index}-${axis}`),
    { ...decimal, inline: true, "data-focus": axis ? "world-y" : "name" }));
}

export function eventFields(state, index) {
  const events = () => state.document.zones[index]?.events ?? {};
  const rows = Object.keys(EVENT_DEFAULTS).map((kind) => eventRow(state, index, kind, kind in events()));
  const count = Object.keys(events()).length;
  return el("details", { "data-focus": "events", open: count > 0 },
    el("summary", {}, count ? `${text("events")} (${count})` : text("events")), rows);
}

function eventRow(state, index, kind, enabled) {
  const choose = el("input", { type: "checkbox", "data-focus": `event-${kind}`, onchange: () => {
    state.change((document) => chooseEvent(document.zones[index], kind, choose.checked));
  } });
  choose.checked = enabled;
  const names = [...SETTINGS, ...(MORE_SETTINGS[kind] ?? [])];
  const settings = enabled ? names.map((setting) => eventSetting(state, index, kind, setting)) : [];
  return el("div", { class: "event", "data-event": kind },
    el("label", { class: "check" }, choose, el("span", {}, text(kind))),
    enabled ? el("div", { class: "settings" }, settings) : null);
}

function chooseEvent(zone, kind, chosen) {
  const events = { ...zone.events };
  if (chosen) events[kind] = { ...EVENT_DEFAULTS[kind] };
  else delete events[kind];
  if (Object.keys(events).length) zone.events = events;
  else delete zone.events;
}

function eventSetting(state, index, kind, setting) {
  const rule = () => state.document.zones[index]?.events?.[kind] ?? {};
  const required = (REQUIRED[kind] ?? ["threshold"]).includes(setting);
  const fallback = required ? null : {
    minimum_seconds: "1", hysteresis: "10 %", keep: "right", rule_classes: text("all"), line: text("optional"),
  }[setting];
  const key = setting === "rule_classes" ? "classes" : setting;
  const own = () => (key === "classes" ? (rule().classes ?? []).join(", ") : rule()[key] ?? "");
  return field(text(setting), own, (value) => {
    state.change((document) => {
      const target = document.zones[index].events[kind];
      if (value.trim() === "" && !required) delete target[key];
      else target[key] = ruleValue(key, value);
    }, `event-${index}-${kind}-${setting}`);
  }, { ...(NUMERIC.includes(setting) ? decimal : {}), placeholder: fallback, "data-focus": `event-${kind}-${setting}` });
}

function ruleValue(key, value) {
  if (key === "classes") return names(value);
  return key === "line" || key === "keep" ? value.trim() : typed(value);
}

const names = (value) => value.split(",").map((name) => name.trim()).filter(Boolean);

export function sceneFields(state) {
  const plain = (key, attributes = {}) => el("div", { class: "with-problem", "data-field": key },
    field(text(key), () => state.document[key] ?? "",
      (value) => state.change((document) => { document[key] = value; }, key),
      { "data-focus": `scene-${key}`, ...attributes }),
    el("p", { class: "problem", hidden: true }));
  const zones = el("datalist", { id: "time-zones" },
    (Intl.supportedValuesOf?.("timeZone") ?? []).map((name) => el("option", { value: name })));
  const classes = el("div", { class: "with-problem", "data-field": "classes" },
    field(text("classes"), () => state.document.classes.join(", "), (value) => {
      state.change((document) => { document.classes = names(value); }, "classes");
    }, { "data-focus": "scene-classes" }),
    el("p", { class: "problem", hidden: true }));
  return [classes, plain("site"), plain("camera"), plain("time_zone", { list: "time-zones" }), zones];
}
