// Small bar charts in SVG, each with its words for who does not see it and its table under it.

import { el, svg } from "./dom.js";
import { clock, dayOfMonth, localDay, tenth, weekday, whole } from "./format.js";
import { text } from "./messages.js";

const WIDTH = 340;
const HEIGHT = 150;
const LEFT = 34;
const BOTTOM = 34;
const TOP = 18;
let patterns = 0;

// 1, 2 or 5 times a power of ten, not below `value`.
function roundLimit(value) {
  if (value <= 5) return 5;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((times) => times * power >= value) * power;
}

function hatch() {
  patterns += 1;
  const id = `hatch-${patterns}`;
  return [id, svg("defs", {}, svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse",
    patternTransform: "rotate(45)" }, svg("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 6 })))];
}

function bar({ mean, maximum, open }, [x, width], limit, hatchId) {
  const top = (value) => TOP + (1 - value / limit) * (HEIGHT - TOP - BOTTOM);
  const floor = HEIGHT - BOTTOM;
  if (mean === null) {
    return [svg("rect", { class: "bar missing", x, y: TOP, width, height: floor - TOP, fill: `url(#${hatchId})` })];
  }
  const height = Math.max(floor - top(mean), 1.5); // an hour without anybody is a line, not nothing
  return [
    svg("rect", { class: open ? "bar open" : "bar", x, y: floor - height, width, height, rx: Math.min(2, height / 2) }),
    maximum === null ? null
      : svg("line", { class: "maximum", x1: x, x2: x + width, y1: top(maximum), y2: top(maximum) }),
  ];
}

// bars: { mean, maximum, open, label, sub, value }; a label or value may be empty.
function chart(bars, words) {
  const limit = roundLimit(Math.max(0, ...bars.map(({ mean, maximum }) => Math.max(mean ?? 0, maximum ?? 0))));
  const slot = (WIDTH - LEFT) / bars.length;
  const width = slot * (bars.length > 8 ? 0.72 : 0.6);
  const floor = HEIGHT - BOTTOM;
  const [hatchId, defs] = hatch();
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words }, defs);
  for (const part of [0, 0.5, 1]) {
    const y = floor - part * (floor - TOP);
    drawing.append(svg("line", { class: "rule", x1: LEFT, x2: WIDTH, y1: y, y2: y }),
      svg("text", { class: "axis", x: LEFT - 5, y: y + 3.5, "text-anchor": "end" }, tenth(limit * part)));
  }
  bars.forEach((one, index) => {
    const middle = LEFT + (index + 0.5) * slot;
    drawing.append(...bar(one, [middle - width / 2, width], limit, hatchId).filter(Boolean));
    if (one.mean === null && bars.length <= 8) {
      drawing.append(svg("text", { class: "absent", x: middle, y: (floor + TOP) / 2, "text-anchor": "middle" }, text("level_no_data")));
    }
    [[one.label, 14], [one.sub, 27]].filter(([label]) => label).forEach(([label, down]) =>
      drawing.append(svg("text", { class: "axis", x: middle, y: floor + down, "text-anchor": "middle" }, label)));
  });
  return drawing;
}

function table(caption, heads, rows) {
  return el("details", { class: "table" }, el("summary", {}, text("as_table")),
    el("table", {}, el("caption", { class: "spoken" }, caption),
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map(([first, ...others]) => el("tr", {}, el("th", { scope: "row" }, first),
        others.map((value) => el("td", {}, value)))))));
}

const figure = (value, write) => (value === null ? text("level_no_data") : write(value));
const told = (names, values) => names.map((name, index) =>
  `${name}: ${figure(values[index].mean, tenth)}`).join(", ");

export function daysChart(days) {
  const names = days.map(({ date, complete }) => (complete === false ? text("day_open", { day: localDay(date) }) : localDay(date)));
  const bars = days.map(({ date, mean, maximum, complete }) => ({ mean, maximum, open: complete === false,
    label: dayOfMonth(date), sub: complete === false ? text("today") : weekday(date) }));
  return el("figure", {}, el("figcaption", {}, text("days"), key()),
    chart(bars, text("chart_days", { rows: told(names, days) })),
    table(text("days"), ["table_day", "table_mean", "table_maximum", "table_minutes"].map((name) => text(name)),
      days.map((day, index) => [names[index], figure(day.mean, tenth), figure(day.maximum, whole), whole(day.minutes_with_data)])));
}

export function hoursChart(hours, timeZone) {
  const names = hours.map(({ start }) => clock(start, timeZone));
  const bars = hours.map(({ mean, maximum }, index) => ({ mean, maximum, open: index === hours.length - 1,
    label: index % 3 === 0 ? names[index] : "" }));
  return el("figure", {}, el("figcaption", {}, text("hours"), key()),
    chart(bars, text("chart_hours", { rows: told(names, hours) })),
    table(text("hours"), ["table_time", "table_mean", "table_maximum"].map((name) => text(name)),
      hours.map((hour, index) => [names[index], figure(hour.mean, tenth), figure(hour.maximum, whole)])));
}

const key = () => el("span", { class: "chart-key", "aria-hidden": "true" },
  el("span", { class: "key-mean" }), text("chart_legend_mean"), el("span", { class: "key-maximum" }), text("chart_legend_maximum"),
  el("span", { class: "key-missing" }), text("level_no_data"));
