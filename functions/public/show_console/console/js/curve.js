/** A curve over days, with a line for each kind; its numbers are in a table below. */

import { gutter } from "./axis.js";
import { h, s } from "./dom.js";
import { number } from "./format.js";
import { folded } from "./parts.js";
import { table } from "./table.js";

const WIDTH = 720;
const HEIGHT = 200;
const BOTTOM = 28;
const TOP = 14;
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/**
 * @param {string} title What it shows, in a sentence
 * @param {Record<string, any>[]} days Each with its `date`, oldest first
 * @param {Record<string, string>} names Of the members that it shows; their looks go by their order
 */
export function curve(title, days, names) {
  const kinds = Object.keys(names);
  const top = Math.max(2, ...days.flatMap((day) => kinds.map((kind) => day[kind])));
  const ticks = [0, Math.round(top / 2), top];
  const left = gutter(ticks);
  const last = days.length - 1;
  const x = (index) => left + 6 + (index * (WIDTH - left - 12)) / Math.max(1, last);
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const every = Math.ceil(days.length / 7);
  const anchor = (index) => (index === 0 ? "start" : index === last ? "end" : "middle");
  const picture = s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title, class: "chart" },
    ticks.map((tick) => [
      s("line", { class: "rule", x1: left, x2: WIDTH, y1: y(tick), y2: y(tick) }),
      s("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, number(tick)),
    ]),
    kinds.map((kind, place) =>
      s("polyline", { class: `line line-${place}`, points: days.map((day, index) => `${x(index)},${y(day[kind])}`).join(" ") }, s("title", {}, names[kind])),
    ),
    days.map((day, index) =>
      index % every === 0 ? s("text", { x: x(index), y: HEIGHT - 6, "text-anchor": anchor(index) }, DAY.format(new Date(day.date))) : null,
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
