// What the editor lays over the map: the place's cross, its boxes, and the directions from which each counts.

import { unitX, unitY, worldPx } from "./projection.js";
import { rounded } from "./editor_feeds.js";

const SECTOR_PX = 54;
const SIDES = ["west", "south", "east", "north"];
const numbers = (feed) => SIDES.every((side) => typeof feed[side] === "number");

function cross(context, [x, y], colour) {
  context.lineWidth = 2.5;
  context.strokeStyle = colour;
  context.beginPath();
  context.arc(x, y, 9, 0, 2 * Math.PI);
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + dx * 4, y + dy * 4);
    context.lineTo(x + dx * 15, y + dy * 15);
  }
  context.stroke();
}

// The way a drone must look: from `from` clockwise to `to`, north upwards; over north when `to` is the smaller.
function sector(context, [x, y], from, to, colour) {
  const angle = (azimuth) => ((azimuth - 90) * Math.PI) / 180;
  const sweep = (((to - from) % 360) + 360) % 360 || 360;
  context.beginPath();
  context.moveTo(x, y);
  context.arc(x, y, SECTOR_PX, angle(from), angle(from + sweep));
  context.closePath();
  context.globalAlpha = 0.3;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.stroke();
}

function box(context, viewport, feed, index, colour) {
  const [left, top] = viewport.toScreen(feed.west, feed.north);
  const size = worldPx(viewport.zoom);
  const width = (unitX(feed.east) - unitX(feed.west)) * size;
  const height = (unitY(feed.south) - unitY(feed.north)) * size;
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.setLineDash([6, 4]);
  context.strokeRect(left, top, width, height);
  context.setLineDash([]);
  context.globalAlpha = 0.1;
  context.fillStyle = colour;
  context.fillRect(left, top, width, height);
  context.globalAlpha = 1;
  const middle = [left + width / 2, top + height / 2];
  if (typeof feed.azimuth_from === "number" && typeof feed.azimuth_to === "number") {
    sector(context, middle, feed.azimuth_from, feed.azimuth_to, colour);
  }
  context.font = "bold 14px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillStyle = colour;
  context.fillText(String(index + 1), left + 5, top + 5);
}

export function drawDraft(place) {
  return (context, viewport, colours) => {
    place.feeds.forEach((feed, index) => {
      if (feed.kind === "box" && numbers(feed)) box(context, viewport, feed, index, colours.draft);
    });
    if (typeof place.longitude === "number" && typeof place.latitude === "number") {
      cross(context, viewport.toScreen(place.longitude, place.latitude), colours.draft);
    }
  };
}

// A tool for the map's gestures: a drag makes the sides of `feed`.
export function boxTool(viewport, feed, { changed, done }) {
  let start = null;
  const stretch = (point) => {
    const [a, b] = [viewport.toPlace(...start), viewport.toPlace(...point)];
    Object.assign(feed, { west: rounded(Math.min(a[0], b[0])), east: rounded(Math.max(a[0], b[0])),
      south: rounded(Math.min(a[1], b[1])), north: rounded(Math.max(a[1], b[1])) });
    changed();
  };
  return {
    start(point) { start = point; return true; },
    move(point) { stretch(point); },
    end(point) {
      // A click is no box: the tool waits for a drag.
      if (Math.hypot(point[0] - start[0], point[1] - start[1]) < 8) return;
      stretch(point);
      done();
    },
  };
}
