// Says that the server is away, since when, and when it is asked again; and the short words for screen readers.

import { byId, el, setText } from "./dom.js";
import { clockOrDay } from "./format.js";
import { text } from "./messages.js";

const NOTICE_MS = 8000;

export class Banner {
  constructor(poller) {
    this.holder = byId("banner");
    this.poller = poller;
    this.words = el("span", { class: "words" });
    // The seconds count down for the eye only: read aloud each second they would drown everything else.
    this.countdown = el("span", { class: "countdown", "aria-hidden": "true" });
    this.button = el("button", { type: "button", onclick: () => poller.wake() });
    this.timer = null;
    this.notice = null;
    this.holder.append(this.words, " ", this.countdown, " ", this.button);
  }

  away(error, receivedAt, zone) {
    const figures = receivedAt ? text("away_figures", { time: clockOrDay(receivedAt, zone) }) : text("away_nothing");
    const reason = error.status === 403 ? text("forbidden") : text("away");
    setText(this.words, `${reason} (${error.message}) ${figures}`);
    setText(this.button, text("try_now"));
    this.holder.hidden = false;
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), 500);
    this.tick();
  }

  tick() {
    const left = this.poller.nextAt === null ? null : Math.max(0, Math.ceil((this.poller.nextAt - Date.now()) / 1000));
    setText(this.countdown, left === null ? text("away_trying") : text("away_again", { seconds: left }));
  }

  back() {
    clearInterval(this.timer);
    this.holder.hidden = true;
    setText(this.words, "");
  }

  // A sentence that is read aloud, and with `seen` also shown for a while.
  say(words, { seen = false } = {}) {
    byId("spoken").textContent = words;
    if (!seen) return;
    const shown = byId("notice");
    shown.textContent = words;
    shown.hidden = false;
    clearTimeout(this.notice);
    this.notice = setTimeout(() => { shown.hidden = true; }, NOTICE_MS);
  }
}
