// Puts the page together: the scene from the server, the frame, the tools, saving.

import * as api from "./api.js";
import { byId, show } from "./dom.js";
import { Drawing } from "./drawing.js";
import { listenToKeys } from "./keys.js";
import { text, toggleLanguage, writeTexts } from "./messages.js";
import { Panel } from "./panel.js";
import { Pointer } from "./pointer.js";
import { State } from "./state.js";

const REVIEW_DELAY_MS = 120;

class Page {
  constructor(loaded) {
    this.loaded = loaded;
    this.state = new State(loaded.document);
    this.state.review = loaded.review;
    const { zones, lines } = loaded.document;
    if (!zones.length && !lines.length) this.state.tool = "zone";
    this.asked = 0; // reviews asked for; only the answer to the latest counts
    this.answered = 0;
    this.frames = 0;
    this.message = null;
    this.drawing = new Drawing(this.state);
    this.panel = new Panel(this.state);
    this.pointer = new Pointer(this.state, this.drawing, this.panel);
    this.state.onChange((edited) => this.changed(edited));
    this.listen();
    listenToKeys(this.state, this.pointer, () => this.save());
    this.drawing.showFrame(api.frameAddress(this.frames));
    this.write();
  }

  listen() {
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => {
        this.drawing.pointer = null;
        this.state.useTool(button.dataset.tool);
      });
    }
    byId("undo").addEventListener("click", () => this.state.undo());
    byId("redo").addEventListener("click", () => this.state.redo());
    byId("finish").addEventListener("click", () => this.pointer.finish());
    byId("cancel").addEventListener("click", () => this.state.useTool("select"));
    byId("save").addEventListener("click", () => this.save());
    byId("another").addEventListener("click", () => this.anotherFrame());
    byId("language").addEventListener("click", () => { toggleLanguage(); this.write(); });
    document.addEventListener("focusout", () => this.state.endRow());
    window.addEventListener("beforeunload", (event) => { if (this.state.unsaved) event.preventDefault(); });
  }

  // Writes every word of the page, in the language chosen.
  write() {
    writeTexts();
    byId("language").textContent = text("other_language");
    byId("language").lang = text("other_language") === "English" ? "en" : "ko";
    this.writeSource();
    this.panel.update(true);
    this.state.notify();
  }

  writeSource() {
    const { source, live, frame } = this.loaded;
    const place = live ? text("live") : frame.frames === null ? text("frame_at", { index: frame.index + 1 })
      : text("frame_of", { index: frame.index + 1, frames: frame.frames });
    const time = frame.time_seconds === null ? [] : [text("at_second", { seconds: frame.time_seconds })];
    const name = source.includes("://") ? source : source.split("/").filter(Boolean).at(-1);
    byId("source").textContent = [name, place, ...time].join(" · ");
    byId("source").title = source;
  }

  changed(edited) {
    if (edited) this.askForReview();
    const { tool, draft, past, future, review, document: scene } = this.state;
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
    byId("hint").textContent = text(`hint_${tool}${draft ? "_more" : ""}`);
    byId("undo").disabled = !past.length && !draft;
    byId("redo").disabled = !future.length;
    byId("finish").hidden = !draft || draft.points.length < (draft.section === "zones" ? 3 : 2);
    byId("cancel").hidden = !draft;
    const pending = this.answered !== this.asked;
    byId("save").disabled = pending || !review?.valid;
    const drawn = scene.zones.length + scene.lines.length > 0;
    const count = review?.problems.length ?? 0;
    byId("unsaved").textContent = !drawn ? text("first_draw") : count ? text("problems", { count })
      : this.state.unsaved ? text("unsaved") : "";
    byId("unsaved").classList.toggle("problem", drawn && count > 0);
    if (edited && this.message?.good) this.message = null;
    this.writeMessage();
  }

  writeMessage() {
    const { message } = this;
    show(byId("saving"), message?.words());
    byId("saving").className = message?.good ? "good" : "bad";
    byId("hint").hidden = Boolean(message);
  }

  askForReview() {
    this.asked += 1;
    const own = this.asked;
    setTimeout(async () => {
      if (own !== this.asked) return;
      const found = await this.tried(() => api.review(this.state.document));
      if (!found || own !== this.asked) return;
      this.answered = own;
      this.state.review = found;
      this.state.notify();
    }, REVIEW_DELAY_MS);
  }

  // What the server answers; null, and a line on the page, when it is gone.
  async tried(request) {
    try {
      return await request();
    } catch {
      this.message = { good: false, words: () => text("server_gone") };
      this.state.notify();
      return null;
    }
  }

  async save() {
    if (byId("save").disabled) return;
    const sent = JSON.stringify(this.state.document);
    const result = await this.tried(() => api.save(JSON.parse(sent)));
    if (!result) return;
    if (result.saved) this.state.savedText = sent;
    this.message = { good: result.saved, words: () => this.saveWords(result) };
    this.state.notify();
  }

  saveWords({ saved, path, backup, problem }) {
    if (!saved) return problem;
    return [text("saved", { path }), backup ? text("kept", { backup }) : ""].join(" ").trim();
  }

  async anotherFrame() {
    byId("another").disabled = true;
    const frame = await this.tried(() => api.anotherFrame());
    if (frame && frame.problem) this.message = { good: false, words: () => frame.problem };
    else if (frame) {
      this.loaded.frame = frame;
      this.frames += 1;
      await this.drawing.showFrame(api.frameAddress(this.frames));
      this.writeSource();
    }
    byId("another").disabled = false;
    this.state.notify();
  }
}

new Page(await api.loadState());
