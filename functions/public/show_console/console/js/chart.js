/** A chart of bars, one for each hour, with a part for each channel; its numbers are in a table below. */

import { gutter } from "./axis.js";
import { h, s } from "./dom.js";
import { clock, number } from "./format.js";
import { folded } from "./parts.js";
import { table } from "./table.js";
import { CHANNELS } from "./words.js";

const WIDTH = 720;
const HEIGHT = 180;
const BOTTOM = 28;
const TOP = 14;

/**
 * @typedef {object} Bar
 * @property {string} at When its time begins
 * @property {Record<string, number>} parts
 */

/**
 * @param {string} title What it shows, in a sentence
 * @param {Bar[]} bars
 * @param {Record<string, string>} names Of the parts, from the bottom up
 */
export function chart(title, bars, names = CHANNELS) {
  const kinds = Object.keys(names);
  const highest = Math.max(1, ...bars.map((bar) => kinds.reduce((sum, kind) => sum + (bar.parts[kind] ?? 0), 0)));
  const top = roundUp(highest);
  const ticks = top === 1 ? [0, 1] : [0, top / 2, top];
  const left = gutter(ticks);
  const step = (WIDTH - left) / Math.max(1, bars.length);
  const scale = (value) => (value / top) * (HEIGHT - TOP - BOTTOM);
  const picture = s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title, class: "chart" },
    ticks.map((tick) => {
      const y = HEIGHT - BOTTOM - scale(tick);
      return [
        s("line", { class: "rule", x1: left, x2: WIDTH, y1: y, y2: y }),
        s("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, number(tick)),
      ];
    }),
    bars.map((bar, index) => {
      let y = HEIGHT - BOTTOM;
      const x = left + index * step + step * 0.12;
      return s(
        "g",
        {},
        s("title", {}, `${clock(bar.at)}: ${kinds.map((kind) => `${names[kind]} ${number(bar.parts[kind] ?? 0)}`).join(", ")}`),
        kinds.map((kind) => {
          const height = scale(bar.parts[kind] ?? 0);
          y -= height;
          return height > 0 ? s("rect", { class: `part ${kind}`, x, y, width: step * 0.76, height }) : null;
        }),
        index % Math.ceil(bars.length / 8) === 0
          ? s("text", { x: x + step * 0.38, y: HEIGHT - 6, "text-anchor": "middle" }, clock(bar.at))
          : null,
      );
    }),
  );
  const columns = [
    { title: "Hour", cell: (bar) => clock(bar.at) },
    ...kinds.map((kind) => ({ title: names[kind], kind: "number", cell: (bar) => number(bar.parts[kind] ?? 0) })),
  ];
  return h(
    "figure",
    {},
    h("figcaption", { class: "legend" }, kinds.map((kind) => h("span", { class: `key ${kind}` }, names[kind]))),
    picture,
    folded("The numbers", table(title, columns, bars)),
  );
}

/** The next of 1, 2, 5, 10, 20, 50 …, of which the axis has the half as well. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= value) ?? value;
}
