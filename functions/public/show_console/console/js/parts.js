/** Small parts that several places show. */

import { fill, h } from "./dom.js";
import { CHANNELS, status } from "./words.js";

/** @param {string} name */
export function statusBadge(name) {
  const [text, look] = status(name);
  return h("span", { class: `badge ${look}` }, text);
}

/** @param {string} name */
export function channelName(name) {
  return h("span", { class: Object.hasOwn(CHANNELS, name) ? `channel ${name}` : "channel" }, CHANNELS[name] ?? name);
}

/**
 * Show facts, leaving out those that are not there.
 *
 * @param {[string, import("./dom.js").Child][]} facts
 */
export function facts(facts) {
  const there = facts.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, there.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** Show a value as JSON. @param {any} value */
export function json(value) {
  return h("pre", {}, JSON.stringify(value, null, 2));
}

/**
 * Show something under a line that opens it.
 *
 * @param {string} summary
 * @param {...import("./dom.js").Child} children
 */
export function folded(summary, ...children) {
  return h("details", {}, h("summary", {}, summary), children);
}

/**
 * Show something under a line that opens it, made when it is opened for the first time.
 *
 * @param {string} summary
 * @param {() => import("./dom.js").Child} make
 */
export function unfolding(summary, make) {
  const inside = h("div");
  const made = folded(summary, inside);
  made.addEventListener("toggle", () => {
    if (made.open && !inside.hasChildNodes()) fill(inside, make());
  });
  return made;
}

/**
 * Offer a text as a file.
 *
 * @param {string} name
 * @param {any} content Written as JSON
 */
export function download(name, content) {
  const address = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
