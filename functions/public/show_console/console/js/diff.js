/** How two values differ, line by line, as people compare texts. */

import { h } from "./dom.js";

/** Above it the lines are not compared one by one, which would take the browser too long. */
const MOST = 4_000_000;

/**
 * Write a value as lines: a member each, and the lines of longer texts below their member.
 *
 * @param {any} value
 * @param {string} [path]
 * @returns {string[]}
 */
export function lines(value, path = "") {
  if (typeof value === "string" && value.includes("\n")) return [`${path}:`, ...value.split("\n").map((line) => `    ${line}`)];
  if (value === null || typeof value !== "object") return [`${path}: ${JSON.stringify(value)}`];
  const members = Object.entries(value);
  if (members.length === 0) return [`${path}: ${JSON.stringify(value)}`];
  const name = (key, inner) => (Array.isArray(value) ? `${path}[${inner?.name ?? key}]` : path ? `${path}.${key}` : key);
  return members.flatMap(([key, inner]) => lines(inner, name(key, inner)));
}

/**
 * Compare lines.
 *
 * @param {string[]} before
 * @param {string[]} after
 * @returns {["same" | "gone" | "new", string][]}
 */
export function compared(before, after) {
  if (before.length * after.length > MOST)
    return [...before.map((line) => ["gone", line]), ...after.map((line) => ["new", line])];
  // The longest common subsequence of what follows each pair of lines.
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      common[i * width + j] =
        before[i] === after[j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  const found = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      found.push(["same", before[i]]);
      i += 1;
      j += 1;
    } else if (j >= after.length || (i < before.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      found.push(["gone", before[i]]);
      i += 1;
    } else {
      found.push(["new", after[j]]);
      j += 1;
    }
  }
  return found;
}

const SIGNS = { same: " ", gone: "-", new: "+" };
const SAID = { gone: "removed: ", new: "added: " };

/**
 * Show how two values differ.
 *
 * @param {any} before
 * @param {any} after
 * @returns {{element: HTMLElement, count: number}} `count` of the lines that differ
 */
export function difference(before, after) {
  const found = compared(lines(before), lines(after));
  const element = h(
    "div",
    { class: "diff mono", tabindex: "0", role: "group", "aria-label": "What changes" },
    found.map(([kind, line]) =>
      h(
        "div",
        { class: kind },
        h("span", { "aria-hidden": "true" }, `${SIGNS[kind]} `),
        SAID[kind] ? h("span", { class: "unseen" }, SAID[kind]) : null,
        line,
      ),
    ),
  );
  return { element, count: found.filter(([kind]) => kind !== "same").length };
}
