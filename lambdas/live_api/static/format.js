// Numbers and moments as a reader of the chosen language writes them.

import { currentLanguage, text } from "./messages.js";

const formats = new Map();

function format(kind, options) {
  const key = `${kind}|${currentLanguage()}|${JSON.stringify(options)}`;
  if (!formats.has(key)) {
    const locale = currentLanguage() === "ko" ? "ko-KR" : "en-GB";
    formats.set(key, kind === "number" ? new Intl.NumberFormat(locale, options) : dateFormat(locale, options));
  }
  return formats.get(key);
}

function dateFormat(locale, options) {
  try {
    return new Intl.DateTimeFormat(locale, options);
  } catch {
    // A time zone that this browser does not know: UTC, said beside the time.
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC", timeZoneName: "short" });
  }
}

export const whole = (value) => format("number", { maximumFractionDigits: 0 }).format(value);
export const tenth = (value) => format("number", { maximumFractionDigits: 1 }).format(value);

export function clock(moment, timeZone = undefined) {
  return format("date", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(new Date(moment));
}

export function clockSeconds(moment, timeZone = undefined) {
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone };
  return format("date", parts).format(new Date(moment));
}

// With the day when it is not today, so that yesterday's 14:05 is not read as this afternoon's.
export function clockOrDay(moment, timeZone = undefined, now = new Date()) {
  const day = format("date", { year: "numeric", month: "2-digit", day: "2-digit", timeZone });
  const date = new Date(moment);
  if (day.format(date) === day.format(now)) return clockSeconds(date, timeZone);
  const parts = { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone };
  return format("date", parts).format(date);
}

// A local day is a date without a zone: read as UTC noon and written in UTC, it stays itself everywhere.
export function localDay(day, { long = false } = {}) {
  const parts = { month: "numeric", day: "numeric", weekday: long ? "long" : "short", timeZone: "UTC" };
  return format("date", parts).format(new Date(`${day}T12:00:00Z`));
}

export const dayOfMonth = (day) => `${Number(day.slice(5, 7))}/${Number(day.slice(8, 10))}`;
export const weekday = (day) =>
  format("date", { weekday: "short", timeZone: "UTC" }).format(new Date(`${day}T12:00:00Z`));

export const people = (count) => text("people_count", { count: whole(count) });
