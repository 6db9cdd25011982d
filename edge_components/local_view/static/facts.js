// What is told of one camera and of the device, as tables and lists.

import { el } from "./dom.js";
import { age, number, stateText, text } from "./messages.js";

const ZONE_COLOURS = 5; // as many as page.css has, and the picture
const GOOD = new Set(["ok", "running"]);
const BAD = new Set(["lost", "failed", "silent", "covered", "frozen", "moved"]);
export const badge = (state) =>
  el("span", { class: `badge ${stateClass(state)}` }, stateText(state));
export const stateClass = (state) => (GOOD.has(state) ? "good" : BAD.has(state) ? "bad" : "warn");

export function cameraState(camera) {
  if (camera.is_old) return camera.age_seconds === null && camera.state === null ? null : "silent";
  if (camera.state === "running") return camera.has_picture ? camera.camera_state ?? "running" : "running";
  return camera.state;
}

export function cameraFacts(camera) {
  return [
    notes(camera),
    rows([
      ["pace", camera.frames_per_second !== null && [
        text("per_second", { value: number(camera.frames_per_second, 1) }),
        camera.skipped_frames ? el("small", {}, text("skipped", { value: number(camera.skipped_frames) })) : null,
      ]],
      ["provider", camera.provider],
      ["inference", camera.inference_milliseconds_p50 !== null && text("inference_value", {
        p50: number(camera.inference_milliseconds_p50, 1),
        p95: number(camera.inference_milliseconds_p95 ?? camera.inference_milliseconds_p50, 1),
      })],
      ["model", camera.model],
      ["scene", camera.scene_version],
      ["answer", camera.answer],
      ["source", camera.source],
    ], camera.is_old),
    zones(camera.zones ?? {}, camera.is_old),
    lines(camera.lines ?? {}, camera.is_old),
  ];
}

function notes(camera) {
  const told = [];
  if (camera.is_old) {
    const key = camera.age_seconds === null ? "camera_untold" : "camera_old";
    told.push(el("p", { class: "note bad" }, text(key, { age: age(camera.age_seconds ?? 0) })));
  }
  if (camera.problem) told.push(el("p", { class: "note bad" }, camera.problem));
  for (const reason of providerReasons(camera)) told.push(el("p", { class: "note" }, reason));
  return told;
}

// Why no faster provider runs the model. On a machine without a GPU the processor is the best there is.
function providerReasons(camera) {
  const steps = Array.isArray(camera.provider_steps) ? camera.provider_steps : [];
  if (camera.provider_note) return [camera.provider_note, ...steps.filter((step) => !camera.provider_note.includes(step))];
  return camera.provider === "CPUExecutionProvider" ? [] : steps;
}

// Number and colour are those of the picture, where a name in Korean stands as "zone 1".
const mark = (kind, index) => [el("span", { class: `mark mark-${kind}` }, String(index + 1)), " "];

function zones(found, isOld) {
  const names = Object.keys(found);
  if (!names.length) return [];
  const inside = (zone) => Object.entries(zone ?? {});
  return [
    el("h3", {}, text("zones")),
    el("table", { class: isOld ? "old" : null },
      el("tr", {}, el("th", { scope: "col" }, text("zone")), el("th", { scope: "col" }, text("now"))),
      names.map((name, index) => el("tr", {}, el("td", {}, mark(`zone-${index % ZONE_COLOURS}`, index), name), el("td", { class: "many" },
        number(inside(found[name]).reduce((sum, [, count]) => sum + count, 0)),
        inside(found[name]).length > 1
          ? el("small", {}, inside(found[name]).map(([kind, count]) => `${kind} ${number(count)}`).join(" · "))
          : null))),
    ),
  ];
}

function lines(found, isOld) {
  const names = Object.keys(found);
  if (!names.length) return [];
  return [
    el("h3", {}, text("lines")),
    el("table", { class: isOld ? "old" : null },
      el("tr", {}, ["line", "in", "out"].map((key) => el("th", { scope: "col" }, text(key)))),
      names.map((name, index) => el("tr", {}, el("td", {}, mark("line", index), name),
        ["in", "out"].map((way) => el("td", { class: "many" }, number(found[name]?.[way] ?? 0))))),
    ),
  ];
}

export function deviceFacts(status) {
  const readings = status.readings;
  return [
    el("h3", {}, text("device")),
    rows([
      ["cpu_celsius", reading(readings.cpu_celsius, (value) => `${number(value, 1)} °C`)],
      ["gpu_celsius", readings.gpu_celsius && reading(readings.gpu_celsius, (value) => `${number(value, 1)} °C`)],
      ["cpu_percent", reading(readings.cpu_percent, (value) => `${number(value)} %`)],
      ["spool", spool(readings)],
      ["dropped", readings.dropped_records?.value > 0
        && reading(readings.dropped_records, (value) => text("records", { value: number(value) }))],
      ["clock", [
        el("span", { class: `badge ${readings.clock.value === "synced" ? "good" : "warn"}` }, text(`clock_${readings.clock.value}`)),
        el("small", {}, readings.clock.evidence),
      ]],
      ["viewers", text("viewers_value", status.viewers)],
    ]),
    el("h3", {}, text("components")),
    components(status.components),
  ];
}

function spool(readings) {
  if (!readings.spool_rows && !readings.spool_bytes) return text("unknown");
  const rowsTold = reading(readings.spool_rows, (value) => text("records", { value: number(value) }));
  const bytes = reading(readings.spool_bytes, bytesText);
  if (!readings.spool_rows) return bytes;
  return [rowsTold, readings.spool_bytes ? el("small", {}, bytes) : null];
}

function bytesText(value) {
  return value < 1e6 ? `${number(value / 1e3)} kB` : `${number(value / 1e6, 1)} MB`;
}

// A value with what makes it doubtful: a reading that is old says how old.
function reading(told, show) {
  if (!told) return text("unknown");
  if (!told.is_old) return show(told.value);
  const since = told.age_seconds === null ? text("old_boot") : text("old", { age: age(told.age_seconds) });
  return el("span", { class: "old" }, `${show(told.value)} (${since})`);
}

function components(found) {
  if (!found.length) return el("p", { class: "quiet" }, text("no_components"));
  return el("table", {},
    el("tr", {}, el("th", { scope: "col" }, text("component")), el("th", { scope: "col" }, text("state"))),
    found.map((one) => el("tr", {},
      el("td", {}, one.name,
        el("small", {}, !one.version || one.version === "0.0.0" ? "" : one.version),
        [one.reason, one.problem].map((sentence) => (sentence ? el("small", {}, sentence) : null))),
      el("td", {}, badge(one.is_old ? "silent" : one.state),
        one.is_old && one.age_seconds !== null ? el("small", {}, text("old", { age: age(one.age_seconds) })) : null))));
}

function rows(pairs, isOld = false) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "");
  return el("dl", { class: `facts${isOld ? " old" : ""}` },
    known.map(([key, value]) => [el("dt", {}, text(key)), el("dd", {}, value)]));
}
