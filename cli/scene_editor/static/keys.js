// What the keyboard does, outside of the fields that are typed in.

import { byId } from "./dom.js";
import { clampToFrame } from "./geometry.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR = 10;

export function listenToKeys(state, pointer, save) {
  let valueAtFocus = null;
  document.addEventListener("focusin", (event) => {
    valueAtFocus = event.target.value ?? null;
  });
  document.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "s") {
      event.preventDefault();
      save();
      return;
    }
    if (event.target.matches("input, textarea, select")) {
      // After drawing, the name has the focus: as long as nothing was typed, undo is meant for the drawing.
      const untouched = event.target.value === valueAtFocus;
      if (event.key === "Escape") byId("canvas").focus();
      else if (command && untouched) commandKey(event, state);
      else if (event.key === "Enter" && event.target.type !== "checkbox") byId("canvas").focus();
      return;
    }
    if (command) commandKey(event, state);
    else if (event.target.closest("#panel") && event.key.startsWith("Arrow")) moveThroughLists(event);
    else plainKey(event, state, pointer);
  });
}

function commandKey(event, state) {
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) state.redo();
  else state.undo();
}

function plainKey(event, state, pointer) {
  if (event.key === "Enter" && state.draft) {
    event.preventDefault();
    pointer.finish();
  } else if (event.key === "Escape") {
    if (state.draft || state.tool !== "select") state.useTool("select");
    else state.select(null);
  } else if (event.key === "Delete" || event.key === "Backspace") {
    if (state.draft) state.undo();
    else removeAndStay(event, state);
  } else if (STEPS[event.key] && event.target.id === "canvas" && state.selected) {
    event.preventDefault();
    nudge(state, STEPS[event.key], event.shiftKey ? FAR : 1);
  }
}

// Moves the selected point, or all points of the selected shape.
function nudge(state, [dx, dy], step) {
  const { selected } = state;
  const points = state.pointsOf(selected);
  const chosen = selected.point === null ? points.map((_, place) => place) : [selected.point];
  state.change(() => {
    for (const place of chosen) {
      const [x, y] = clampToFrame([points[place][0] + dx * step, points[place][1] + dy * step], state.frame);
      if (selected.section === "ground") state.entry(selected).image = [x, y];
      else points[place] = [x, y];
    }
  }, "nudge");
}

// A shape deleted in a list leaves the focus in the list.
function removeAndStay(event, state) {
  const list = event.target.closest("#panel ul");
  const position = list ? [...list.querySelectorAll("button.head")].indexOf(event.target) : -1;
  state.remove();
  if (!list) return;
  const heads = list.querySelectorAll("button.head");
  (heads[Math.min(position, heads.length - 1)] ?? byId("canvas")).focus();
}

function moveThroughLists(event) {
  const heads = [...document.querySelectorAll("#panel button.head")];
  const position = heads.indexOf(event.target);
  if (position < 0 || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const wanted = heads[position + (event.key === "ArrowDown" ? 1 : -1)];
  if (!wanted) return;
  const { section, index } = wanted.dataset;
  wanted.click();
  document.querySelector(`#panel button.head[data-section="${section}"][data-index="${index}"]`)?.focus();
}
