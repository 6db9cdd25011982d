// The five levels of the original, each told by a number and a shape beside its colour.

import { svg } from "./dom.js";
import { text } from "./messages.js";

export const LEVELS = [
  { name: "very_crowded", number: 5, range: "≥ 200" },
  { name: "crowded", number: 4, range: "150–199" },
  { name: "normal", number: 3, range: "100–149" },
  { name: "relaxed", number: 2, range: "50–99" },
  { name: "very_relaxed", number: 1, range: "0–49" },
];
const NUMBERS = Object.fromEntries(LEVELS.map(({ name, number }) => [name, number]));
const SHAPES = {
  very_crowded: "M7 1h8l6 6v8l-6 6H7l-6-6V7z", // octagon
  crowded: "M11 .5 21.5 11 11 21.5.5 11z", // diamond
  normal: "M2 2h18v18H2z", // square
  relaxed: "M11 1a10 10 0 1 1 0 20 10 10 0 0 1 0-20z", // disc
  very_relaxed: "M11 2a9 9 0 1 1 0 18 9 9 0 0 1 0-18z", // ring: drawn hollow
};

// What the drawing of a place goes by: no data and no usual value are kinds of their own, never a low level.
export function kindOf(place) {
  if (place.state === "no_data" || place.count === null) return "no_data";
  return place.level ?? "unknown";
}

export const rank = (place) => NUMBERS[place.level] ?? (kindOf(place) === "unknown" ? 0 : -1);

export const levelWords = (kind) => text(`level_${kind}`);

export function levelIcon(kind) {
  const shape = SHAPES[kind];
  const number = NUMBERS[kind];
  return svg("svg", { class: `level-icon kind-${kind}`, viewBox: "0 0 22 22", "aria-hidden": "true", focusable: "false" },
    shape ? svg("path", { d: shape }) : svg("circle", { cx: 11, cy: 11, r: 9, "stroke-dasharray": "3 2.6" }),
    svg("text", { x: 11, y: 15.4, "text-anchor": "middle" }, number ? String(number) : kind === "unknown" ? "?" : "–"));
}
