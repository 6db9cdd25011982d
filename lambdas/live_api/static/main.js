// Starts the page and holds what it shows: the answer of the server, the search, the chosen place, the view.

import { download, readMe, readPlaces, useTokens } from "./api.js";
import { Banner } from "./banner.js";
import { Card } from "./card.js";
import { byId, el, setText } from "./dom.js";
import { clockOrDay, people } from "./format.js";
import { kindOf, levelWords } from "./levels.js";
import { List, ORDER_NAMES } from "./list.js";
import { MapView } from "./map_view.js";
import { currentLanguage, onLanguage, placeName, text, useLanguage } from "./messages.js";
import { Poller } from "./poll.js";
import { isSearch, matching } from "./search.js";
import { readConfig, SignIn } from "./sign_in.js";

const NARROW = matchMedia("(max-width: 820px)");
const SAY_SEARCH_MS = 700;

class Page {
  constructor() {
    Object.assign(this, { answer: null, receivedAt: null, away: null, query: "", order: "level", chosenId: null,
      me: { may_edit: false }, signIn: null, editor: null, opener: null, sayTimer: null, rightsKnown: false });
    this.poller = new Poller({ read: readPlaces, answered: (data) => this.answered(data), failed: (error) => this.failed(error) });
    this.banner = new Banner(this.poller);
    this.list = new List((id) => this.choose(id));
    this.map = new MapView({ choose: (id) => this.choose(id) });
    this.card = new Card({ close: () => this.go(""), edit: (id) => this.go(`edit=${encodeURIComponent(id)}`),
      say: (...words) => this.banner.say(...words) });
    this.listen();
    this.words();
    this.view("list");
  }

  listen() {
    byId("search").addEventListener("input", (event) => this.search(event.target.value));
    byId("search-form").addEventListener("submit", (event) => this.submitSearch(event));
    byId("order").addEventListener("change", (event) => { this.order = event.target.value; this.render(); });
    byId("csv").addEventListener("click", () => this.csv());
    byId("language").addEventListener("click", () => useLanguage(currentLanguage() === "ko" ? "en" : "ko"));
    byId("add").addEventListener("click", () => this.go("new"));
    byId("sign-out").addEventListener("click", () => this.signIn.leave());
    byId("sign-in").addEventListener("click", () => this.signIn.start());
    for (const name of ["list", "map"]) byId(`view-${name}`).addEventListener("click", () => this.view(name));
    for (const name of ["list", "map"]) byId(`skip-${name}`).addEventListener("click", (event) => this.skip(event, name));
    onLanguage(() => { this.words(); this.render({ anew: true }); });
    window.addEventListener("hashchange", () => this.route());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && !this.editor && this.chosenId) this.go("");
    });
  }

  async start() {
    // The outline may come later than the figures: those are what the page is for.
    const signedIn = await this.prepareSignIn();
    if (!signedIn) return;
    this.askRights();
    await this.poller.start();
    await this.map.base.loadOutline().catch(() => {});
  }

  // Asked again with the next figures when the server was away: who may edit is not shut out by one bad moment.
  async askRights() {
    if (this.rightsKnown) return;
    this.rightsKnown = true;
    try {
      this.me = (await readMe()).data;
      this.rights();
      this.route();
    } catch {
      this.rightsKnown = false;
      this.rights();
    }
  }

  async prepareSignIn() {
    try {
      this.signIn = new SignIn(await readConfig());
      useTokens(() => this.signIn.token());
      if (!this.signIn.needed) return true;
      await this.signIn.finish();
    } catch (error) {
      this.askToSignIn(text("sign_in_failed", { reason: error.message }));
      return false;
    }
    if (!this.signIn.signedIn) this.askToSignIn(text("sign_in_why"));
    return this.signIn.signedIn;
  }

  askToSignIn(words) {
    this.poller.stop();
    document.body.classList.add("signed-out");
    byId("gate").hidden = false;
    setText(byId("gate-words"), words);
    byId("sign-in").hidden = this.signIn === null;
  }

  answered(data) {
    if (this.away) this.banner.say(text("back"));
    this.away = null;
    this.banner.back();
    this.receivedAt = Date.now();
    document.body.classList.remove("away");
    if (data !== null) {
      this.poller.refreshEvery(data.refresh_seconds);
      this.tellChange(this.chosen(), data.places.find(({ id }) => id === this.chosenId));
      this.answer = data;
    }
    this.render();
    this.askRights();
    if (data !== null && this.chosenId === null && !this.editor) this.route();
  }

  failed(error) {
    if (error.status === 401 && this.signIn?.needed) {
      this.signIn.forget();
      this.askToSignIn(text("sign_in_why"));
      return;
    }
    this.away = error;
    document.body.classList.add("away");
    this.banner.away(error, this.receivedAt, this.zone());
    this.summary();
  }

  // Aloud only when the place that is open goes to another level, not with every figure.
  tellChange(before, after) {
    if (!before || !after || kindOf(before) === kindOf(after)) return;
    const kind = kindOf(after);
    this.banner.say(text("level_changed", { name: placeName(after), level: levelWords(kind),
      count: kind === "no_data" ? "" : people(after.count) }));
  }

  chosen() {
    return this.answer?.places.find(({ id }) => id === this.chosenId);
  }

  go(hash) {
    if (location.hash.replace(/^#/, "") === hash) this.route();
    else location.hash = hash;
  }

  async route() {
    const [name, value] = location.hash.replace(/^#/, "").split("=").map((part) => {
      try { return decodeURIComponent(part); } catch { return ""; }
    });
    if (this.editor && !(await this.leaveEditor())) return;
    if ((name === "edit" && value) || name === "new") this.edit(value ?? null);
    else if (name === "place" && this.answer?.places.some(({ id }) => id === value)) this.openCard(value);
    else this.closeCard();
    if (name === "site" && value && this.answer) this.showSite(value);
  }

  async leaveEditor() {
    const { hash } = this.editor;
    if (!(await this.editor.leave())) {
      history.replaceState(null, "", hash);
      return false;
    }
    this.editor = null;
    document.body.classList.remove("editing");
    return true;
  }

  choose(id) {
    this.opener = document.activeElement;
    this.go(`place=${encodeURIComponent(id)}`);
  }

  openCard(id) {
    if (this.chosenId === id && !this.card.panel.hidden) return;
    this.chosenId = id;
    document.body.classList.add("card-open");
    this.card.open(this.chosen());
    this.render();
    this.map.bring(this.chosen());
    byId("card-name").focus({ preventScroll: true });
  }

  closeCard() {
    if (this.chosenId === null) return;
    this.chosenId = null;
    document.body.classList.remove("card-open");
    this.card.hide();
    this.render();
    if (this.opener?.isConnected) this.opener.focus({ preventScroll: true });
    this.opener = null;
  }

  // What makes and changes places is fetched only by those who do.
  async edit(id) {
    if (!this.me.may_edit) return;
    this.closeCard();
    const { Editor } = await import("./editor.js");
    document.body.classList.add("editing");
    this.view("map");
    this.editor = new Editor({ id, hash: location.hash, map: this.map, sites: this.me.sites ?? [], say: (...words) => this.banner.say(...words),
      done: (place) => this.edited(place) });
    await this.editor.open();
  }

  async edited(place) {
    this.editor = null;
    document.body.classList.remove("editing");
    this.view("list");
    history.replaceState(null, "", place ? `#place=${encodeURIComponent(place.id)}` : location.pathname);
    this.poller.forget();
    await this.poller.ask();
    await this.route();
  }

  view(name) {
    document.body.dataset.view = name;
    for (const other of ["list", "map"]) byId(`view-${other}`).setAttribute("aria-pressed", String(other === name));
  }

  skip(event, name) {
    event.preventDefault();
    this.view(name);
    (name === "map" ? byId("map") : byId("side")).focus();
  }

  search(query) {
    this.query = query.trim();
    this.render();
    clearTimeout(this.sayTimer);
    // After the last letter, not with each.
    if (this.query) this.sayTimer = setTimeout(() => this.banner.say(byId("search-told").textContent), SAY_SEARCH_MS);
  }

  // Where the link of an alert leads; once, so that the reader may search and look elsewhere then.
  showSite(site) {
    if (this.shownSite === site) return;
    this.shownSite = site;
    byId("search").value = site;
    this.search(site);
    const found = this.found();
    if (isSearch(this.query) && found.length) this.map.viewport.fit(found, { closest: this.map.closest });
  }

  submitSearch(event) {
    event.preventDefault();
    const found = this.found();
    if (!isSearch(this.query) || !found.length) return;
    if (found.length === 1) this.choose(found[0].id);
    else this.map.viewport.fit(found, { closest: this.map.closest });
  }

  async csv() {
    try {
      await download("places.csv", "places.csv");
    } catch (error) {
      this.banner.say(text("csv_failed", { reason: error.message }), { seen: true });
    }
  }

  found() {
    return matching(this.answer?.places ?? [], this.query);
  }

  render({ anew = false } = {}) {
    this.summary();
    if (!this.answer) return;
    const places = this.found();
    this.list.show(places, this.order, this.chosenId);
    this.map.show(this.answer, places, this.chosenId);
    const place = this.chosen();
    if (!place) {
      if (this.chosenId !== null) this.go(""); // somebody removed it
    } else if (anew) this.card.open(place);
    else this.card.refresh(place);
    document.body.classList.add("ready");
  }

  // The places' own time where they share one, else the reader's: 14:05 in Busan is not said as 05:05.
  zone() {
    const zones = new Set((this.answer?.places ?? []).map((place) => place.time_zone));
    return zones.size === 1 ? [...zones][0] : undefined;
  }

  summary() {
    const { answer } = this;
    const time = answer?.as_of ? clockOrDay(answer.as_of, this.zone()) : null;
    setText(byId("summary"), !answer ? (this.away ? "" : text("loading"))
      : `${text("places_count", { count: answer.places.length })} · ${time ? text("as_of", { time }) : text("as_of_none")}`);
    const found = this.found();
    setText(byId("search-told"), !this.query || !answer ? "" : !isSearch(this.query) ? text("search_short")
      : text(found.length ? "search_found" : "search_none", { query: this.query, count: found.length }));
    const empty = answer && !answer.places.length;
    setText(byId("empty"), empty ? [text("empty"), this.me.may_edit ? text("empty_edit") : ""].join(" ").trim() : "");
  }

  rights() {
    byId("add").hidden = !this.me.may_edit;
    this.card.allow(this.me.may_edit);
    byId("sign-out").hidden = !this.signIn?.needed;
    this.summary();
  }

  words() {
    document.documentElement.lang = currentLanguage();
    document.title = text("title");
    for (const element of document.querySelectorAll("[data-text]")) setText(element, text(element.dataset.text));
    for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", text(element.dataset.label));
    byId("search").placeholder = text("search_hint");
    byId("language").lang = currentLanguage() === "ko" ? "en" : "ko";
    byId("order").replaceChildren(...ORDER_NAMES.map((name) => el("option", { value: name, selected: name === this.order }, text(`sort_${name}`))));
    this.map.legend();
    this.map.base.request();
    if (this.away) this.banner.away(this.away, this.receivedAt, this.zone());
    else if (this.answer) this.map.show(this.answer, this.found(), this.chosenId);
  }
}

const page = new Page();
NARROW.addEventListener("change", () => page.view("list"));
page.start();
