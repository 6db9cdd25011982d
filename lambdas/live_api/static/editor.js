// The page on which a place is made and changed, beside the map on which it is placed.

import { changePlace, makePlace, putPhoto, readFeeds, readPlace, removePhoto, removePlace } from "./api.js";
import { ask } from "./ask.js";
import { byId, el } from "./dom.js";
import { boxTool, drawDraft } from "./editor_drawing.js";
import { Feeds, rounded } from "./editor_feeds.js";
import { faultsOf, field, fieldOf, number, showFaults, words } from "./editor_fields.js";
import { EditorPhoto } from "./editor_photo.js";
import { text } from "./messages.js";

const CONFLICTS = [409, 412];
const FEED_FIELDS = {
  zone: ["kind", "site", "camera", "zone", "object_classes"],
  box: ["kind", "site", "device", "west", "south", "east", "north", "azimuth_from", "azimuth_to", "object_classes"],
};
const picked = (from, names) => Object.fromEntries(names.map((name) => [name, from[name] ?? null]));

export class Editor {
  constructor({ id, hash, map, sites, say, done }) {
    Object.assign(this, { id, hash, map, sites, say, done, place: null, match: null, dirty: false, asking: null, photo: null });
    this.holder = byId("editor");
    this.keys = (event) => this.key(event);
  }

  async open() {
    this.holder.replaceChildren(el("p", {}, text("loading")));
    this.holder.hidden = false;
    try {
      const [choices, stored] = await Promise.all([readFeeds(), this.id ? readPlace(this.id) : null]);
      this.choices = choices.data;
      this.match = stored?.etag ?? null;
      this.start(stored?.data ?? null);
    } catch (error) {
      this.holder.replaceChildren(this.title(), el("p", { class: "bad" }, error.status === 404 ? text("not_found") : error.message),
        el("div", { class: "foot" }, el("button", { type: "button", onclick: () => this.close(null) }, text("close"))));
    }
  }

  start(stored) {
    const known = this.choices.zones[0]?.site ?? this.sites.find((site) => site !== "*") ?? "";
    this.stored = stored;
    this.place = stored
      ? { ...picked(stored, ["name", "name_en", "site", "longitude", "latitude", "manual_usual"]),
        time_zone: stored.time_zone_set ?? null, feeds: stored.feeds.map((feed) => picked(feed, FEED_FIELDS[feed.kind])) }
      : { id: "", name: "", name_en: "", site: known, longitude: null, latitude: null, manual_usual: null, time_zone: null, feeds: [] };
    this.dirty = false;
    this.photo = new EditorPhoto(stored, () => { this.dirty = true; });
    this.render();
    this.map.onClick = ([longitude, latitude]) => this.setPosition(longitude, latitude);
    this.map.base.overlay = drawDraft(this.place);
    this.map.markers.hide(this.id);
    document.addEventListener("keydown", this.keys);
    if (stored) this.map.viewport.goTo({ longitude: stored.longitude, latitude: stored.latitude, zoom: Math.max(this.map.viewport.zoom, 11) });
    this.map.base.request();
    byId("editor-name").focus();
  }

  title() {
    return el("h2", { id: "editor-name", tabindex: -1 }, text(this.id ? "edit_place" : "new_place"));
  }

  changed() {
    this.dirty = true;
    this.map.base.request();
  }

  text(name, attributes = {}, help = "") {
    const input = words(this.place[name], (value) => { this.place[name] = value; this.changed(); }, attributes);
    return field(name, text(`field_${name}`), input, { help });
  }

  number(name, help = "") {
    const input = number(this.place[name], (value) => { this.place[name] = value; this.changed(); });
    return field(name, text(`field_${name}`), input, { help });
  }

  render() {
    this.feeds = new Feeds({ place: this.place, choices: this.choices, changed: () => this.changed(),
      draw: (feed) => this.drawBox(feed), view: () => this.viewBox() });
    const sites = new Set([...this.choices.zones, ...this.choices.devices].map(({ site }) => site).concat(this.sites.filter((site) => site !== "*")));
    this.trouble = el("div", { class: "trouble", role: "alert" });
    this.saveButton = el("button", { type: "submit", class: "primary" }, text("save"));
    this.form = el("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.save(); } },
      this.text("name", { maxlength: 100, required: true }), this.text("name_en", { maxlength: 100 }),
      this.text("site", { list: "sites", required: true }, text("field_site_help")),
      el("datalist", { id: "sites" }, [...sites].map((site) => el("option", { value: site }))),
      el("fieldset", {}, el("legend", {}, text("position")), el("p", { class: "help" }, text("position_help")),
        el("div", { class: "pair" }, this.number("longitude"), this.number("latitude")),
        el("div", { class: "foot" }, el("button", { type: "button", onclick: () => this.useMiddle() }, text("position_middle")))),
      this.feeds.holder,
      this.number("manual_usual", text("field_manual_usual_help")), this.photo.holder,
      el("details", {}, el("summary", {}, text("more")), this.id ? null : this.text("id", { maxlength: 64 }, text("field_id_help")),
        this.text("time_zone", {}, text("field_time_zone_help"))),
      this.trouble,
      el("div", { class: "foot" }, this.saveButton,
        el("button", { type: "button", onclick: () => this.cancel() }, text("cancel")),
        this.id ? el("button", { type: "button", class: "danger", onclick: () => this.remove() }, text("remove_place")) : null));
    this.holder.replaceChildren(this.title(), this.form);
  }

  setPosition(longitude, latitude) {
    Object.assign(this.place, { longitude: rounded(longitude), latitude: rounded(latitude) });
    for (const name of ["longitude", "latitude"]) fieldOf(this.form, name).value = this.place[name];
    this.changed();
  }

  useMiddle() {
    const { viewport } = this.map;
    this.setPosition(...viewport.toPlace(...viewport.middle));
  }

  // The middle half of what the map shows, so that the whole box is seen.
  viewBox() {
    const { viewport } = this.map;
    const width = viewport.width - this.map.hidden();
    const [west, north] = viewport.toPlace(width / 4, viewport.height / 4);
    const [east, south] = viewport.toPlace((width * 3) / 4, (viewport.height * 3) / 4);
    return { west: rounded(west), south: rounded(south), east: rounded(east), north: rounded(north) };
  }

  drawBox(feed) {
    this.say(text("draw_box_now"), { seen: true });
    this.map.gestures.tool = boxTool(this.map.viewport, feed, { changed: () => this.changed(),
      done: () => { this.stopDrawing(); this.feeds.render(); } });
  }

  stopDrawing() {
    this.map.gestures.tool = null;
  }

  key(event) {
    if (event.key === "Escape" && this.map.gestures.tool) {
      event.preventDefault();
      this.stopDrawing();
    }
  }

  body() {
    const { id, feeds, ...own } = this.place;
    return { ...own, name: own.name.trim(), name_en: own.name_en?.trim() || null, time_zone: own.time_zone?.trim() || null,
      site: own.site.trim(), ...(id?.trim() ? { id: id.trim() } : {}), feeds: feeds.map((feed) => picked(feed, FEED_FIELDS[feed.kind])) };
  }

  async save() {
    this.trouble.replaceChildren();
    const faults = faultsOf(this.place);
    const wrong = showFaults(this.form, faults);
    if (wrong) {
      this.trouble.replaceChildren(text("mistakes", { count: Object.keys(faults).length }));
      this.focus(wrong);
      return;
    }
    this.busy(true);
    try {
      const { data, etag } = this.id ? await changePlace(this.id, this.body(), this.match) : await makePlace(this.body());
      // From here on the place exists: another attempt changes it and makes no second one.
      Object.assign(this, { id: data.id, match: etag, stored: data });
      await this.savePhoto(data);
    } catch (error) {
      this.refused(error);
    } finally {
      this.busy(false);
    }
  }

  async savePhoto(place) {
    try {
      if (this.photo.file) await putPhoto(place.id, this.photo.file);
      else if (this.photo.removed) await removePhoto(place.id);
    } catch (error) {
      const wrong = showFaults(this.form, { photo: text("photo_kept", { reason: error.message }) });
      this.focus(wrong);
      return;
    }
    this.say(text("saved", { name: place.name }), { seen: true });
    this.close(place);
  }

  refused(error) {
    const wrong = error.field ? showFaults(this.form, { [error.field]: error.message }) : null;
    if (wrong) this.focus(wrong);
    else if (CONFLICTS.includes(error.status) && this.id) this.conflict();
    else {
      const reason = error.status === 403 ? text("editor_forbidden") : error.message;
      this.trouble.replaceChildren(text("not_saved", { reason }));
    }
  }

  conflict() {
    this.trouble.replaceChildren(text("conflict"), el("br"),
      el("button", { type: "button", onclick: () => this.open() }, text("conflict_theirs")),
      el("button", { type: "button", onclick: () => this.saveOver() }, text("conflict_mine")));
    this.trouble.querySelector("button").focus();
  }

  async saveOver() {
    try {
      this.match = (await readPlace(this.id)).etag;
    } catch (error) {
      this.refused(error);
      return;
    }
    await this.save();
  }

  focus(input) {
    const closed = input.closest("details:not([open])");
    if (closed) closed.open = true;
    (input.matches("fieldset") ? input.querySelector("input, select, button") : input)?.focus();
  }

  busy(saving) {
    this.saveButton.disabled = saving;
    this.saveButton.textContent = text(saving ? "saving" : "save");
  }

  async remove() {
    if (!(await ask(text("remove_sure", { name: this.stored.name }), text("yes_remove"), text("cancel")))) return;
    try {
      await removePlace(this.id, this.match);
    } catch (error) {
      this.refused(error);
      return;
    }
    this.say(text("removed", { name: this.stored.name }), { seen: true });
    this.close(null);
  }

  async cancel() {
    if (await this.leave()) this.done(this.stored);
  }

  // True when the page may go elsewhere: nothing is lost, or the reader says so.
  async leave() {
    if (this.holder.hidden) return true;
    this.asking ??= this.dirty ? ask(text("leave_sure"), text("leave"), text("stay")) : Promise.resolve(true);
    const may = await this.asking;
    this.asking = null;
    if (may) this.tidy();
    return may;
  }

  tidy() {
    this.holder.hidden = true;
    this.holder.replaceChildren();
    this.photo?.forget();
    this.stopDrawing();
    this.map.onClick = null;
    this.map.base.overlay = null;
    this.map.markers.hide(null);
    this.map.base.request();
    document.removeEventListener("keydown", this.keys);
  }

  close(place) {
    this.dirty = false;
    this.tidy();
    this.done(place);
  }
}
