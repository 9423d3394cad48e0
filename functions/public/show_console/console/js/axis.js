/** The axis of a chart, which is as wide as its numbers need. */

import { number } from "./format.js";

/** Of a digit on narrow screens, which have them larger. */
const DIGIT = 11;

/**
 * Return how much of a chart's width its axis takes.
 *
 * @param {number[]} ticks
 */
export function gutter(ticks) {
  return 10 + DIGIT * Math.max(...ticks.map((tick) => number(tick).length));
}
