// The lists beside the frame: every shape, what is wrong with it, and its fields when it is selected.

import { byId, el, show } from "./dom.js";
import { lineColour, zoneColour } from "./drawing.js";
import { areaField, eventFields, nameField, pointFields, sceneFields, worldFields } from "./forms.js";
import { text, warningText } from "./messages.js";

const SECTIONS = ["zones", "lines", "ground"];

export class Panel {
  constructor(state) {
    this.state = state;
    this.built = "";
    state.onChange(() => this.update());
    byId("show-grid").addEventListener("change", (event) => {
      state.showGrid = event.target.checked;
      state.notify();
    });
  }

  // Fields are made anew only when other ones are needed, so that typing is never interrupted.
  update(force = false) {
    const { document: scene, selected } = this.state;
    const shape = JSON.stringify([selected && [selected.section, selected.index],
      SECTIONS.map((section) => scene[section].length),
      selected && this.state.pointsOf(selected).length,
      selected?.section === "zones" && Object.keys(this.state.entry(selected).events ?? {})]);
    if (force || shape !== this.built) this.build(shape, force);
    this.refresh();
  }

  build(shape, everything) {
    const focus = document.activeElement?.closest("#panel") ? this.focusKey(document.activeElement) : null;
    const open = [...document.querySelectorAll("#panel details[open]")].map((entry) => entry.dataset.focus);
    const sameShape = this.shownShape === JSON.stringify(this.state.selected && [
      this.state.selected.section, this.state.selected.index]);
    this.shownShape = JSON.stringify(this.state.selected && [
      this.state.selected.section, this.state.selected.index]);
    this.built = shape;
    for (const section of SECTIONS) this.buildList(section);
    if (everything || !byId("fields").children.length) byId("fields").replaceChildren(...sceneFields(this.state));
    for (const entry of document.querySelectorAll("#panel ul details")) {
      if (sameShape && open.includes(entry.dataset.focus)) entry.open = true;
    }
    if (focus) document.querySelector(focus)?.focus({ preventScroll: true });
  }

  // A selector that finds the element again after the lists were made anew.
  focusKey(element) {
    if (element.dataset.focus) return `#panel [data-focus="${element.dataset.focus}"]`;
    const { section, index } = element.dataset;
    return index === undefined ? null : `#panel button.head[data-section="${section}"][data-index="${index}"]`;
  }

  buildList(section) {
    const entries = this.state.document[section];
    const empty = el("li", { class: "empty quiet" }, text(`no_${section}`));
    byId(section).replaceChildren(...(entries.length
      ? entries.map((_, index) => this.item(section, index)) : [empty]));
  }

  item(section, index) {
    const { selected } = this.state;
    const chosen = selected?.section === section && selected.index === index;
    const swatch = el("span", { class: `swatch ${section}`, "aria-hidden": "true" });
    swatch.style.background = { zones: zoneColour(index), lines: lineColour, ground: "#fff" }[section];
    const head = el("button", { type: "button", class: "head", "aria-expanded": String(chosen),
      "data-section": section, "data-index": index,
      onclick: () => this.toggle(section, index) },
    swatch, el("span", { class: "name" }), el("span", { class: "fact quiet" }));
    return el("li", { class: chosen ? "item chosen" : "item", "data-section": section, "data-index": index },
      head, el("p", { class: "problem", hidden: true }), el("div", { class: "warnings" }),
      chosen ? el("div", { class: "form" }, this.form(section, index)) : null);
  }

  toggle(section, index) {
    const { selected } = this.state;
    const chosen = selected?.section === section && selected.index === index;
    this.state.tool = "select";
    this.state.draft = null;
    this.state.select(chosen ? null : { section, index, point: null });
  }

  form(section, index) {
    const reference = { section, index };
    const remove = el("button", { type: "button", class: "danger", "data-focus": "remove",
      onclick: () => { this.state.selected = { ...reference, point: null }; this.state.remove(); } }, text("remove"));
    if (section === "zones") {
      return [nameField(this.state, reference), areaField(this.state, index), eventFields(this.state, index),
        pointFields(this.state, reference), el("div", { class: "row" }, remove)];
    }
    if (section === "lines") {
      const reverse = el("button", { type: "button", "data-focus": "reverse",
        onclick: () => this.state.reverse(index) }, `⇄ ${text("reverse")}`);
      return [nameField(this.state, reference), el("div", { class: "row" }, reverse),
        pointFields(this.state, reference), el("div", { class: "row" }, remove)];
    }
    return [el("div", { class: "row" }, worldFields(this.state, index)), pointFields(this.state, reference),
      el("div", { class: "row" }, remove)];
  }

  focusFirstField() {
    const input = document.querySelector('#panel ul [data-focus="name"]');
    input?.focus({ preventScroll: true });
    input?.select();
    input?.closest("li")?.scrollIntoView({ block: "nearest" });
  }

  refresh() {
    for (const input of document.querySelectorAll("#panel input")) input.refresh?.();
    for (const item of document.querySelectorAll("#panel li.item")) this.refreshItem(item);
    this.refreshScene();
    this.refreshGround();
  }

  refreshItem(item) {
    const { section, index } = item.dataset;
    const entry = this.state.document[section][index];
    item.querySelector(".name").textContent = section === "ground"
      ? text("ground_point", { number: Number(index) + 1 }) : entry.name;
    item.querySelector(".fact").textContent = this.fact(section, Number(index));
    show(item.querySelector(".problem"), this.problem(section, Number(index)));
    item.querySelector(".warnings").replaceChildren(...this.warnings(section, Number(index)));
  }

  problem(...where) {
    const found = (this.state.review?.problems ?? []).find((problem) =>
      problem.where.length === where.length && problem.where.every((part, place) => part === where[place]));
    return found?.sentence;
  }

  warnings(section, index) {
    const found = (this.state.review?.facts?.warnings ?? []).filter(({ where }) =>
      where[0] === section && where[1] === index);
    return found.map((warning) => el("p", { class: "warning" }, warningText(warning)));
  }

  fact(section, index) {
    if (section === "ground") return this.state.document.ground[index].world_m.map((value) => value === "" ? "?" : value).join(", ");
    const facts = this.state.review?.facts?.[section]?.find((entry) => entry.index === index);
    if (!facts) return "";
    if (section === "zones") return text("zone_fact", { share: (100 * facts.share_of_frame).toPrecision(3) });
    if (facts.in_direction === "varies") return text("line_varies");
    return text("line_fact", { direction: text(facts.in_direction) });
  }

  refreshScene() {
    const drawn = this.state.document.zones.length + this.state.document.lines.length > 0;
    show(byId("scene-problem"), drawn ? this.problem() : null);
    for (const holder of document.querySelectorAll("#fields .with-problem")) {
      show(holder.querySelector(".problem"), this.problem(holder.dataset.field));
    }
  }

  refreshGround() {
    const facts = this.state.review?.facts;
    const fit = facts?.ground;
    show(byId("ground-problem"), this.problem("ground"));
    byId("grid-choice").hidden = !fit;
    if (!fit) return show(byId("ground-fact"), null);
    const quality = !fit.pairs ? fit.sentence : fit.residual_m === null ? text("residual_unknown")
      : text("residual", { pairs: fit.pairs, metres: fit.residual_m.toFixed(2) });
    return show(byId("ground-fact"), `${quality} ${text("grid_step", { step: fit.step_m })}`);
  }
}
