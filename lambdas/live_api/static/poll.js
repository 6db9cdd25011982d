// Asks for the places again and again: every few seconds, not while nobody looks, rarer while the server is away.

export const LONGEST_SECONDS = 7;
const LONGEST_WAIT_SECONDS = 60;
const FIRST_SECONDS = 5;

export class Poller {
  // read(etag) → { data, etag } or { unchanged }; told by answered(data or null), failed(error), waiting(until).
  constructor({ read, answered, failed }) {
    Object.assign(this, { read, answered, failed });
    this.etag = null;
    this.seconds = FIRST_SECONDS;
    this.failures = 0;
    this.timer = null;
    this.running = false;
    this.stopped = true;
    this.nextAt = null;
    document.addEventListener("visibilitychange", () => this.wake());
    window.addEventListener("online", () => this.wake());
  }

  start() {
    this.stopped = false;
    return this.ask();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  // Whoever comes back to the page sees the figures of now, not of when he left.
  wake() {
    clearTimeout(this.timer);
    if (!document.hidden && !this.stopped) this.ask();
  }

  refreshEvery(seconds) {
    this.seconds = Math.min(Math.max(Number(seconds) || FIRST_SECONDS, 1), LONGEST_SECONDS);
  }

  forget() {
    this.etag = null;
  }

  async ask() {
    if (this.running || this.stopped) return;
    clearTimeout(this.timer);
    this.running = true;
    this.nextAt = null;
    const started = performance.now();
    try {
      const answer = await this.read(this.etag);
      this.failures = 0;
      if (!answer.unchanged) this.etag = answer.etag;
      this.answered(answer.unchanged ? null : answer.data);
    } catch (error) {
      this.failures += 1;
      this.plan(started);
      this.failed(error);
      return;
    } finally {
      this.running = false;
    }
    this.plan(started);
  }

  // From the start of one question to the start of the next, so that a slow answer makes the figures no older.
  plan(started) {
    if (this.stopped || document.hidden) return;
    const spent = this.failures ? 0 : (performance.now() - started) / 1000;
    const wait = Math.max(this.waitSeconds() - spent, 0.5);
    this.nextAt = Date.now() + wait * 1000;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), wait * 1000);
  }

  // Doubles with each failure, and is spread: a hundred open pages must not come back in the same second.
  waitSeconds() {
    if (!this.failures) return this.seconds;
    const wait = Math.min(this.seconds * 2 ** Math.min(this.failures - 1, 10), LONGEST_WAIT_SECONDS);
    return wait * (0.8 + 0.4 * Math.random());
  }
}
