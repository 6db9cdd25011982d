// The live picture: one stream at a time, given up while nobody sees it, begun anew when it broke.

import { byId, setText } from "./dom.js";
import { text } from "./messages.js";

const RETRY_MILLISECONDS = 3000;
const image = byId("picture");
const words = byId("no-picture");
let wanted = null; // {camera, size} while a stream should run
let told = "picture_waits";
let values = {};
let retry = 0;

function say(key, with_ = {}) {
  [told, values] = [key, with_];
  retranslate();
}

export function retranslate() {
  setText(words, told ? text(told, values) : "");
  words.hidden = !told;
}

// Shows `camera` (a name, or null for `reason`) at `size`; nothing happens when that is what is shown.
export function show(camera, size, reason) {
  if (camera === null) {
    stop();
    say(reason);
  } else if (wanted?.camera !== camera || wanted?.size !== size) {
    wanted = { camera, size };
    begin();
  }
}

export const isShowing = () => wanted !== null && !image.hidden;

export function restart() {
  if (wanted) begin();
}

function begin() {
  clearTimeout(retry);
  if (document.hidden) return say("picture_paused");
  say("picture_waits");
  image.alt = text("picture_of", { camera: wanted.camera });
  // Another address each time: a browser that has a broken stream of this one shows it again.
  image.src = `/cameras/${wanted.camera}.mjpeg?size=${wanted.size}&try=${Date.now()}`;
}

function stop() {
  clearTimeout(retry);
  wanted = null;
  halt();
}

// An address of nothing ends the connection, so that the place is free for another viewer.
function halt() {
  image.hidden = true;
  image.removeAttribute("src");
}

image.addEventListener("load", () => {
  image.hidden = false;
  say("");
});

image.addEventListener("error", async () => {
  if (!wanted || !image.hasAttribute("src")) return;
  const address = image.src;
  halt();
  const answer = await fetch(address, { method: "HEAD" }).catch(() => null);
  if (answer?.status === 503) say("picture_full", { most: answer.headers.get("X-Most-Viewers") ?? "" });
  else say("picture_waits");
  retry = setTimeout(restart, RETRY_MILLISECONDS);
});

document.addEventListener("visibilitychange", () => {
  if (!wanted) return;
  if (document.hidden) {
    halt();
    say("picture_paused");
  } else begin();
});
