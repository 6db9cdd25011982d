// The scene being drawn, what is selected, and what can be undone.

const UNDO_STEPS = 200;

export const POINTS = { zones: "polygon", lines: "points" };

export class State {
  constructor(document) {
    this.document = document;
    this.tool = "select";
    this.draft = null; // points of the zone or line being drawn
    this.selected = null; // {section, index, point}
    this.review = null;
    this.showGrid = true;
    this.past = [];
    this.future = [];
    this.changeKey = null;
    this.listeners = [];
    this.savedText = JSON.stringify(document);
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  // `edited` tells that the document changed, so that it must be reviewed.
  notify(edited = false) {
    for (const listener of this.listeners) listener(edited);
  }

  get frame() {
    return this.document.frame;
  }

  get unsaved() {
    return JSON.stringify(this.document) !== this.savedText;
  }

  // Changes the document so that one undo takes it back; changes in a row with one key are one step.
  change(edit, key = null) {
    if (key === null || key !== this.changeKey) {
      this.past.push(structuredClone(this.document));
      if (this.past.length > UNDO_STEPS) this.past.shift();
      this.future = [];
    }
    this.changeKey = key;
    edit(this.document);
    this.notify(true);
  }

  // Ends a row of changes: the next one is a step of its own.
  endRow() {
    this.changeKey = null;
  }

  undo() {
    if (this.draft) {
      this.draft.points.pop();
      if (!this.draft.points.length) this.draft = null;
      this.notify();
      return;
    }
    this.step(this.past, this.future);
  }

  redo() {
    this.step(this.future, this.past);
  }

  step(from, to) {
    if (!from.length) return;
    to.push(this.document);
    this.document = from.pop();
    this.endRow();
    if (this.selected && !this.entry(this.selected)) this.selected = null;
    else if (this.selected) this.selected = { ...this.selected, point: null };
    this.notify(true);
  }

  entry({ section, index }) {
    return this.document[section][index];
  }

  // The points of a zone or line; a ground pair has one.
  pointsOf({ section, index }) {
    const entry = this.document[section][index];
    return section === "ground" ? [entry.image] : entry[POINTS[section]];
  }

  setPoint(reference, place, point, key) {
    this.change(() => {
      if (reference.section === "ground") this.entry(reference).image = point;
      else this.pointsOf(reference)[place] = point;
    }, key);
  }

  select(selected) {
    this.selected = selected;
    this.endRow();
    this.notify();
  }

  useTool(tool) {
    this.tool = tool;
    this.draft = null;
    if (tool !== "select") this.selected = null;
    this.notify();
  }

  // Makes a shape of the points drawn so far; with too few of them nothing happens.
  finishDraft(name) {
    const { section, points } = this.draft;
    if (points.length < (section === "zones" ? 3 : 2)) return false;
    const index = this.document[section].length;
    this.draft = null;
    this.change((document) => document[section].push({ name, [POINTS[section]]: points }));
    this.tool = "select";
    this.select({ section, index, point: null });
    return true;
  }

  addGround(image) {
    const index = this.document.ground.length;
    this.change((document) => document.ground.push({ image, world_m: ["", ""] }));
    this.select({ section: "ground", index, point: null });
  }

  // Removes the selected point, or the shape when no point is selected or too few would be left.
  remove() {
    if (!this.selected) return;
    const { section, index, point } = this.selected;
    const least = section === "zones" ? 3 : 2;
    if (section !== "ground" && point !== null && this.pointsOf(this.selected).length > least) {
      this.selected = { section, index, point: null };
      this.change(() => this.pointsOf({ section, index }).splice(point, 1));
      return;
    }
    this.selected = null;
    this.change((document) => document[section].splice(index, 1));
  }

  reverse(index) {
    this.change((document) => document.lines[index].points.reverse());
  }
}
