// Web Mercator: places as parts of a square world, 0 to 1 eastwards and southwards.

export const MAXIMUM_LATITUDE = 85.0511;
export const TILE_PX = 256;

export const unitX = (longitude) => longitude / 360 + 0.5;

export function unitY(latitude) {
  const sine = Math.sin((Math.min(Math.max(latitude, -MAXIMUM_LATITUDE), MAXIMUM_LATITUDE) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

export const longitudeAt = (x) => (x - 0.5) * 360;
export const latitudeAt = (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;

export const worldPx = (zoom) => TILE_PX * 2 ** zoom;

const EARTH_CIRCUMFERENCE_M = 40_075_016.686;
export const metresPerPixel = (latitude, zoom) =>
  (EARTH_CIRCUMFERENCE_M * Math.cos((latitude * Math.PI) / 180)) / worldPx(zoom);

// -180 <= longitude < 180
export const wrapped = (longitude) => ((((longitude + 180) % 360) + 360) % 360) - 180;

// The point that lies `metres` away in the direction `azimuth` (degrees clockwise from north); short distances.
export function destination(longitude, latitude, azimuth, metres) {
  const turn = (azimuth * Math.PI) / 180;
  const degrees = (metres / EARTH_CIRCUMFERENCE_M) * 360;
  return [
    longitude + (degrees * Math.sin(turn)) / Math.cos((latitude * Math.PI) / 180),
    latitude + degrees * Math.cos(turn),
  ];
}
