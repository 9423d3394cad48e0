/** Numbers and times as people read them. Times are those of the reader's clock; `title` has them as they are stored. */

import { h } from "./dom.js";

const NUMBER = new Intl.NumberFormat("en-GB");
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const SHORT_CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** @param {number} value */
export function number(value) {
  return NUMBER.format(value);
}

/** Return a share as a percentage, to one decimal. @param {number} share Of 1 */
export function percent(share) {
  return `${NUMBER.format(Math.round(share * 1000) / 10)} %`;
}

/**
 * Return "1 message", "2 messages".
 *
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/**
 * Return a moment: the time today, day and time otherwise.
 *
 * @param {string | number | Date | null | undefined} moment
 */
export function time(moment) {
  if (moment === null || moment === undefined) return "";
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return String(moment);
  const isToday = DAY.format(date) === DAY.format(new Date());
  const text = isToday ? CLOCK.format(date) : `${DAY.format(date)}, ${CLOCK.format(date)}`;
  return h("time", { datetime: date.toISOString(), title: date.toISOString() }, text);
}

/** Return the time of day, to the minute. @param {string | Date} moment */
export function clock(moment) {
  return SHORT_CLOCK.format(new Date(moment));
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
