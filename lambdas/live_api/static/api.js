// What the page asks the server for. The contract is /api/v1/openapi.json.

import { text } from "./messages.js";

const BASE = new URL("api/v1/", document.baseURI);
const TIMEOUT_MS = 12_000;

// `status` 0: no answer at all.
export class ApiError extends Error {
  constructor(message, { status = 0, field = null } = {}) {
    super(message);
    Object.assign(this, { name: "ApiError", status, field });
  }
}

let tokenSource = async () => null;
export const useTokens = (source) => { tokenSource = source; };

async function send(address, options) {
  const token = await tokenSource();
  const headers = new Headers(options.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  // `no-store`: the page holds the ETag itself, and sees the 304 that costs nothing.
  const own = { cache: "no-store", redirect: "error", credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS) };
  try {
    return await fetch(address, { ...own, ...options, headers });
  } catch (error) {
    throw new ApiError(text(error.name === "TimeoutError" ? "too_slow" : "unreachable"));
  }
}

async function refusal(response) {
  let told = null;
  try {
    told = (await response.json()).error;
  } catch {
    // A gateway in between answers in its own words.
  }
  const message = typeof told?.message === "string" ? told.message : text("status", { status: response.status });
  return new ApiError(message, { status: response.status, field: told?.field ?? null });
}

// { data, etag }, or { unchanged: true } for what `etag` names.
export async function request(path, { method = "GET", body = null, etag = null, match = null, type = null } = {}) {
  const headers = {};
  if (etag) headers["If-None-Match"] = etag;
  if (match) headers["If-Match"] = match;
  if (body !== null) headers["Content-Type"] = type ?? "application/json";
  const response = await send(new URL(path, BASE), {
    method, headers, body: body === null || type ? body ?? undefined : JSON.stringify(body),
  });
  if (response.status === 304) return { unchanged: true, etag };
  if (!response.ok) throw await refusal(response);
  if (response.status === 204) return { data: null, etag: null };
  try {
    return { data: await response.json(), etag: response.headers.get("ETag") };
  } catch {
    throw new ApiError(text("status", { status: response.status }));
  }
}

// A file that is shown or kept; an address alone would carry no Authorization.
export async function blob(address) {
  const response = await send(new URL(address, BASE), {});
  if (!response.ok) throw await refusal(response);
  return response.blob();
}

export async function download(path, name) {
  const address = URL.createObjectURL(await blob(path));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const part = encodeURIComponent;
export const placePath = (id) => `places/${part(id)}`;
export const readPlaces = (etag) => request("places", { etag });
export const readPlace = (id) => request(placePath(id));
export const readStatistics = (id, etag) => request(`${placePath(id)}/statistics`, { etag });
export const readFeeds = () => request("feeds");
export const readMe = () => request("me");
export const makePlace = (body) => request("places", { method: "POST", body });
export const changePlace = (id, body, match) => request(placePath(id), { method: "PUT", body, match });
export const removePlace = (id, match) => request(placePath(id), { method: "DELETE", match });
export const putPhoto = (id, file) => request(`${placePath(id)}/photo`, { method: "PUT", body: file, type: file.type });
export const removePhoto = (id) => request(`${placePath(id)}/photo`, { method: "DELETE" });
