// The page: asks for the status every two seconds and shows it, and says so when no answer comes.

import { byId, el, setChildren, setText } from "./dom.js";
import { cameraFacts, cameraState, deviceFacts, stateClass } from "./facts.js";
import { clockTime, currentLanguage, number, stateText, switchLanguage, text } from "./messages.js";
import * as picture from "./picture.js";

const EVERY_MILLISECONDS = 2000;
const GIVE_UP_MILLISECONDS = 8000;
const LOST_SECONDS = 6;
const SIZES = ["480p", "720p", "1080p"];
const state = { status: null, answered: performance.now(), answeredAt: null, camera: null, size: "480p", refused: false, unseen: 0 };

async function ask() {
  const wasLost = isLost();
  try {
    const answer = await fetch("/status.json", { signal: AbortSignal.timeout(GIVE_UP_MILLISECONDS) });
    state.refused = answer.status === 401;
    if (answer.ok) {
      state.status = await answer.json();
      state.answered = performance.now();
      state.answeredAt = new Date();
      watchStream(wasLost);
    }
  } catch {
    // The banner says for how long nothing has come.
  }
  draw();
  setTimeout(ask, EVERY_MILLISECONDS);
}

// A stream whose connection broke silently leaves its last picture standing; the device counts its viewers.
function watchStream(wasLost) {
  state.unseen = picture.isShowing() && state.status.viewers.now === 0 ? state.unseen + 1 : 0;
  if (wasLost || state.unseen >= 2) {
    state.unseen = 0;
    picture.restart();
  }
}

const silentSeconds = () => (performance.now() - state.answered) / 1000;
const isLost = () => silentSeconds() > LOST_SECONDS;

function draw() {
  document.documentElement.lang = currentLanguage();
  setText(byId("language"), text("language"));
  drawLink();
  drawSizes();
  if (!state.status) return;
  const cameras = state.status.cameras;
  if (!cameras.some((camera) => camera.name === state.camera)) state.camera = firstChoice(cameras);
  const chosen = cameras.find((camera) => camera.name === state.camera);
  setText(byId("device"), state.status.device);
  document.title = `${state.status.device} · CrowdLens`;
  drawCameras(cameras);
  drawChosen(chosen);
  setChildren(byId("device-facts"), deviceFacts(state.status));
}

// A camera that works is what most who come want to see.
function firstChoice(cameras) {
  const working = cameras.find((camera) => camera.has_picture && cameraState(camera) === "ok");
  return (working ?? cameras.find((camera) => camera.has_picture) ?? cameras[0])?.name ?? null;
}

function drawLink() {
  const seconds = number(silentSeconds());
  setText(byId("link"), isLost() ? text("link_lost", { seconds })
    : state.answeredAt ? text("link_live", { time: clockTime(state.answeredAt) }) : "");
  const banner = byId("banner");
  banner.hidden = !isLost() && !state.refused;
  if (!banner.hidden) setText(banner, state.refused ? text("banner_token") : text("banner_lost", { seconds }));
}

function drawSizes() {
  const group = byId("sizes");
  group.setAttribute("aria-label", text("size"));
  setChildren(group, SIZES.map((size) =>
    el("button", { type: "button", "data-size": size, "aria-pressed": String(size === state.size) }, size)));
}

function drawCameras(cameras) {
  setChildren(byId("cameras"), cameras.length < 2 ? [] : cameras.map((camera) => {
    const known = cameraState(camera);
    return el("button", { type: "button", "data-camera": camera.name, "aria-pressed": String(camera.name === state.camera) },
      camera.name, " ", known ? el("span", { class: `badge ${stateClass(known)}` }, stateText(known)) : null);
  }));
}

function drawChosen(camera) {
  setText(byId("camera-name"), camera?.name ?? "");
  const badge = byId("camera-state");
  const known = camera ? cameraState(camera) : null;
  badge.hidden = !known;
  badge.className = `badge ${stateClass(known)}`;
  setText(badge, known ? stateText(known) : "");
  byId("camera-facts").hidden = !camera;
  setChildren(byId("camera-facts"), camera ? cameraFacts(camera) : []);
  picture.show(camera?.has_picture ? camera.name : null, state.size, missingPicture(camera));
}

function missingPicture(camera) {
  if (!camera) return "no_cameras";
  return camera.state === "ended" ? "camera_ended" : "no_share";
}

byId("language").addEventListener("click", () => {
  switchLanguage();
  picture.retranslate();
  draw();
});
byId("sizes").addEventListener("click", (event) => {
  state.size = event.target.dataset.size ?? state.size;
  draw();
});
byId("cameras").addEventListener("click", (event) => {
  state.camera = event.target.closest("button")?.dataset.camera ?? state.camera;
  draw();
});
draw();
ask();
setInterval(drawLink, 1000);
