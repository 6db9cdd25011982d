// All about one place: count, change, percentage of usual, photo, statistics.

import { blob, download, placePath, readStatistics } from "./api.js";
import { daysChart, hoursChart } from "./charts.js";
import { byId, el, setAttribute, setText } from "./dom.js";
import { clockOrDay, tenth, whole } from "./format.js";
import { kindOf, levelIcon, levelWords } from "./levels.js";
import { changeWords } from "./list.js";
import { otherName, placeName, text } from "./messages.js";

const STATISTICS_MS = 60_000;

function usualWords({ usual }) {
  if (!usual) return text("usual_none");
  return text(`usual_${usual.source === "history" ? "history" : "manual"}`, { count: tenth(usual.count), weeks: usual.weeks });
}

function warnings(place) {
  const time = place.seen_at ? clockOrDay(place.seen_at, place.time_zone) : "";
  return [
    place.state === "live" ? null : text(`state_${place.state}_more`, { time }),
    place.feeds === 0 ? text("no_feeds") : null,
    place.feeds_silent > 0 && place.feeds > 1
      ? text("feeds_silent", { feeds: place.feeds, silent: place.feeds_silent }) : null,
  ].filter(Boolean);
}

export class Card {
  constructor({ close, edit, say }) {
    this.panel = byId("card");
    Object.assign(this, { close, edit, say, place: null, mayEdit: false, statistics: null, photoAddress: null });
  }

  // Draws a place that was not shown before; `refresh` brings the figures of one that is.
  open(place) {
    const part = (name, tag = "p") => el(tag, { class: name });
    this.statistics = { etag: null, askedAt: 0, data: null };
    this.place = place;
    this.panel.replaceChildren(
      el("header", {}, el("div", {}, el("h2", { id: "card-name", tabindex: -1 }), part("other")),
        el("button", { type: "button", class: "plain close", "aria-label": text("close"), onclick: this.close }, "✕")),
      part("photo", "div"), part("verdict"), part("warnings", "div"),
      el("dl", { class: "facts" }, ["now", "change", "usual", "seen"].map((name) =>
        el("div", { class: name }, el("dt", {}), el("dd", {})))),
      el("div", { class: "actions" },
        el("button", { type: "button", onclick: () => this.csv() }, text("statistics_csv")),
        el("button", { type: "button", class: "edit", hidden: !this.mayEdit, onclick: () => this.edit(this.place.id) }, text("edit"))),
      el("section", { class: "statistics", "aria-label": text("statistics") },
        el("h3", {}, text("statistics")), el("div", { class: "charts" }, el("p", {}, text("statistics_loading")))));
    this.panel.hidden = false;
    this.panel.scrollTop = 0;
    this.showPhoto(place.photo);
    this.refresh(place);
  }

  // Who may edit is known a moment after the figures, when a card may be open already.
  allow(mayEdit) {
    this.mayEdit = mayEdit;
    const button = this.panel.querySelector(".edit");
    if (button) button.hidden = !mayEdit;
  }

  hide() {
    this.panel.hidden = true;
    this.panel.replaceChildren();
    this.place = null;
    this.forgetPhoto();
  }

  refresh(place) {
    if (place.photo !== this.place.photo) this.showPhoto(place.photo);
    this.place = place;
    const kind = kindOf(place);
    const at = (selector) => this.panel.querySelector(selector);
    const fact = (name, term, value) => {
      setText(at(`.facts .${name} dt`), text(term));
      setText(at(`.facts .${name} dd`), value);
    };
    setText(at("h2"), placeName(place));
    setText(at("header .other"), otherName(place) ?? "");
    this.verdict(at(".verdict"), place, kind);
    const words = warnings(place);
    if (at(".warnings").textContent !== words.join("")) at(".warnings").replaceChildren(...words.map((one) => el("p", {}, one)));
    at(".facts").className = `facts state-${place.state} kind-${kind}`;
    fact("now", place.state === "stale" ? "count_last" : "count_now", kind === "no_data" ? text("level_no_data") : text("people_count", { count: whole(place.count) }));
    fact("change", "change", kind === "no_data" ? text("change_unknown") : changeWords(place.change) || text("change_unknown"));
    fact("usual", "usual", [place.percent === null || kind === "no_data" ? null : `${whole(place.percent)}%`, usualWords(place)].filter(Boolean).join(" · "));
    fact("seen", "seen_at", place.seen_at ? clockOrDay(place.seen_at, place.time_zone) : text("as_of_none"));
    this.loadStatistics();
  }

  verdict(line, place, kind) {
    line.className = `verdict kind-${kind} state-${place.state}`;
    line.classList.toggle("seen-now", place.seen_now);
    const words = [levelWords(kind), place.seen_now ? text("seen_now") : null].filter(Boolean);
    if (line.dataset.words === words.join("|")) return;
    line.dataset.words = words.join("|");
    line.replaceChildren(levelIcon(kind), el("strong", {}, words[0]), words[1] ? el("span", { class: "ring" }, words[1]) : "");
  }

  async showPhoto(address) {
    const holder = this.panel.querySelector(".photo");
    this.forgetPhoto();
    holder.replaceChildren();
    if (!address) return;
    const { id } = this.place;
    try {
      const url = URL.createObjectURL(await blob(address));
      if (this.place?.id !== id) return URL.revokeObjectURL(url);
      this.photoAddress = url;
      const image = el("img", { alt: text("photo_of", { name: placeName(this.place) }), src: url });
      image.addEventListener("error", () => holder.replaceChildren()); // a photo that cannot be shown is none
      holder.replaceChildren(image);
    } catch {
      // The figures are what the card is for: without its photo it stands all the same.
    }
    return null;
  }

  forgetPhoto() {
    if (this.photoAddress) URL.revokeObjectURL(this.photoAddress);
    this.photoAddress = null;
  }

  async loadStatistics() {
    const { statistics, place } = this;
    if (Date.now() - statistics.askedAt < STATISTICS_MS) return;
    statistics.askedAt = Date.now();
    try {
      const answer = await readStatistics(place.id, statistics.etag);
      if (this.statistics !== statistics || answer.unchanged) return;
      statistics.etag = answer.etag;
      this.drawStatistics(answer.data);
    } catch (error) {
      statistics.askedAt = 0; // the next refresh asks again
      if (this.statistics === statistics && !statistics.drawn) {
        this.panel.querySelector(".charts").replaceChildren(el("p", { class: "bad" }, text("statistics_failed", { reason: error.message })));
      }
    }
  }

  drawStatistics({ days, hours, time_zone: timeZone }) {
    const holder = this.panel.querySelector(".charts");
    // The tables that are open, and where the focus is, stay over a refresh.
    const open = [...holder.querySelectorAll("details")].map((details) => details.open);
    const focused = [...holder.querySelectorAll("summary")].indexOf(document.activeElement);
    this.statistics.drawn = true;
    holder.replaceChildren(daysChart(days), hoursChart(hours, timeZone), el("p", { class: "note" }, text("time_zone", { zone: timeZone })));
    holder.querySelectorAll("details").forEach((details, index) => { details.open = open[index] ?? false; });
    if (focused >= 0) holder.querySelectorAll("summary")[focused]?.focus();
    setAttribute(holder, "data-drawn", "true");
  }

  async csv() {
    try {
      await download(`${placePath(this.place.id)}/statistics.csv`, `${this.place.id}-statistics.csv`);
    } catch (error) {
      this.say(text("csv_failed", { reason: error.message }), { seen: true });
    }
  }
}
