// Labelled fields with their help and their fault, each found by the name that the server gives it
// (`longitude`, `feeds[0].west`).

import { el, setAttribute, setText } from "./dom.js";
import { text } from "./messages.js";

let numbers = 0;

// { holder, input }: `input` has its label, and says its help and its fault to a screen reader.
export function field(path, label, input, { help = "" } = {}) {
  numbers += 1;
  const id = `field-${numbers}`;
  input.id = id;
  input.dataset.path = path;
  input.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
  return el("div", { class: "field" }, el("label", { for: id, class: "field" }, el("span", {}, label)), input,
    help ? el("p", { class: "help", id: `${id}-help` }, help) : null, el("p", { class: "wrong", id: `${id}-wrong` }));
}

export const words = (value, change, attributes = {}) => {
  const input = el("input", { type: "text", autocomplete: "off", ...attributes, oninput: () => change(input.value) });
  input.value = value ?? "";
  return input;
};

// A number when it is one; other words stay what they are, so that the fault can be shown at the field.
export function typed(value) {
  const trimmed = value.trim().replace(",", ".");
  if (trimmed === "") return null;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : value;
}

export const number = (value, change, attributes = {}) =>
  words(value === null || value === undefined ? "" : String(value), (typedWords) => change(typed(typedWords)),
    { inputmode: "decimal", ...attributes });

// The last part of `feeds[0].object_classes[2]` may have no field of its own: the nearest that has one tells it.
export function fieldOf(form, path) {
  for (let name = path; name; name = name.replace(/(\.[^.[\]]+|\[\d+\]|^[^.[\]]+)$/, "")) {
    const found = form.querySelector(`[data-path="${CSS.escape(name)}"]`);
    if (found) return found;
  }
  return null;
}

// Shows the faults ({ path: sentence }), and gives the first field that has one, or null.
export function showFaults(form, faults) {
  const wrong = new Map();
  for (const [path, sentence] of Object.entries(faults)) {
    const input = fieldOf(form, path);
    if (input) wrong.set(input, sentence);
  }
  for (const input of form.querySelectorAll("[data-path]")) {
    setAttribute(input, "aria-invalid", wrong.has(input) ? "true" : null);
    const line = form.querySelector(`#${CSS.escape(`${input.id}-wrong`)}`);
    if (line) setText(line, wrong.get(input) ?? "");
  }
  return [...form.querySelectorAll('[data-path][aria-invalid="true"]')][0] ?? null;
}

const RANGES = { longitude: [-180, 180], latitude: [-90, 90], west: [-180, 180], east: [-180, 180], south: [-90, 90],
  north: [-90, 90], azimuth_from: [0, 360], azimuth_to: [0, 360], manual_usual: [0, 1_000_000] };

function numberFault(name, value, { optional = false } = {}) {
  const [least, most] = RANGES[name];
  if (value === null && optional) return null;
  if (typeof value !== "number") return text("need_number");
  return value < least || value > most ? text("need_between", { least, most }) : null;
}

// What is seen without the server; all else it says itself.
export function faultsOf(place) {
  const faults = {};
  for (const name of ["name", "site"]) if (!place[name]?.trim()) faults[name] = text("need");
  const check = (path, name, value, options) => {
    const fault = numberFault(name, value, options);
    if (fault) faults[path] = fault;
  };
  for (const name of ["longitude", "latitude"]) check(name, name, place[name]);
  check("manual_usual", "manual_usual", place.manual_usual, { optional: true });
  place.feeds.forEach((feed, index) => {
    if (feed.kind === "zone" && !feed.zone) faults[`feeds[${index}].zone`] = text("need_zone");
    if (!feed.object_classes.length) faults[`feeds[${index}].object_classes`] = text("need_class");
    if (feed.kind !== "box") return;
    for (const side of ["west", "south", "east", "north"]) check(`feeds[${index}].${side}`, side, feed[side]);
    for (const end of ["azimuth_from", "azimuth_to"]) check(`feeds[${index}].${end}`, end, feed[end], { optional: true });
  });
  return faults;
}
