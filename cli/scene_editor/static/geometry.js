// Plane geometry on points [x, y] of the frame: x to the right, y downwards.

export const distance = ([x1, y1], [x2, y2]) => Math.hypot(x2 - x1, y2 - y1);

export const middle = ([x1, y1], [x2, y2]) => [(x1 + x2) / 2, (y1 + y2) / 2];

// The unit vector in which a segment is crossed "in": to the side where (to - from) x (p - from) is negative.
export function inNormal([x1, y1], [x2, y2]) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  return [(y2 - y1) / length, -(x2 - x1) / length];
}

export function clampToFrame([x, y], frame) {
  return [Math.min(Math.max(x, 0), frame.width), Math.min(Math.max(y, 0), frame.height)];
}

// Whole pixels; a point closer to the frame's edge than `reach` lies on it, so that a zone can end there.
export function snap(point, frame, reach) {
  const [x, y] = clampToFrame(point, frame);
  const pull = (value, limit) => (value <= reach ? 0 : limit - value <= reach ? limit : Math.round(value));
  return [pull(x, frame.width), pull(y, frame.height)];
}

// The largest part of a wanted move that leaves all points inside the frame, in whole pixels.
export function allowedMove(points, [dx, dy], frame) {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const within = (move, low, high) => Math.min(Math.max(Math.round(move), Math.ceil(-low)), Math.floor(high));
  return [
    within(dx, Math.min(...xs), frame.width - Math.max(...xs)),
    within(dy, Math.min(...ys), frame.height - Math.max(...ys)),
  ];
}

export function centre(points) {
  const sum = points.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
