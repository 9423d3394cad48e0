/** A curve over days, with a line for each kind; its numbers are in a table below. */

import { h, s } from "./dom.js";
import { number } from "./format.js";
import { folded } from "./parts.js";
import { table } from "./table.js";

const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 10;
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/**
 * @param {string} title What it shows, in a sentence
 * @param {Record<string, any>[]} days Each with its `date`, oldest first
 * @param {Record<string, string>} names Of the members that it shows; their looks go by their order
 */
export function curve(title, days, names) {
  const kinds = Object.keys(names);
  const top = Math.max(2, ...days.flatMap((day) => kinds.map((kind) => day[kind])));
  const x = (index) => LEFT + 6 + (index * (WIDTH - LEFT - 12)) / Math.max(1, days.length - 1);
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const ticks = [0, Math.round(top / 2), top];
  const every = Math.ceil(days.length / 8);
  const picture = s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title, class: "chart" },
    ticks.map((tick) => [
      s("line", { class: "rule", x1: LEFT, x2: WIDTH, y1: y(tick), y2: y(tick) }),
      s("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, number(tick)),
    ]),
    kinds.map((kind, place) =>
      s("polyline", { class: `line line-${place}`, points: days.map((day, index) => `${x(index)},${y(day[kind])}`).join(" ") }, s("title", {}, names[kind])),
    ),
    days.map((day, index) =>
      index % every === 0 ? s("text", { x: x(index), y: HEIGHT - 6, "text-anchor": index ? "middle" : "start" }, DAY.format(new Date(day.date))) : null,
    ),
  );
  const columns = [
    { title: "Day (UTC)", cell: (day) => day.date },
    ...kinds.map((kind) => ({ title: names[kind], kind: "number", cell: (day) => number(day[kind]) })),
  ];
  return h(
    "figure",
    {},
    h("figcaption", { class: "legend" }, kinds.map((kind, place) => h("span", { class: `key line-${place}` }, names[kind]))),
    picture,
    folded("The numbers", table(title, columns, days)),
  );
}
