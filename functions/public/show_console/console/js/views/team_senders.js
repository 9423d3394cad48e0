/** Senders: whom the team may send as, and which of its environments do. */

import { call } from "../api.js";
import { fill, h } from "../dom.js";
import { clock } from "../format.js";
import { address } from "../router.js";
import { empty, loaded } from "../states.js";
import { table } from "../table.js";
import { CHANNELS } from "../words.js";

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal } = view;
  const list = h("div");
  fill(
    view.main,
    h("p", {}, "The operator of the stack says whom a team may send as (", h("code", {}, "make team … SENDERS="), "); each environment chooses among these."),
    list,
  );
  await loaded(
    list,
    signal,
    () => call("GET /manage/senders", {}, { signal }),
    ({ refused, ...channels }) => {
      const rows = Object.entries(channels).flatMap(([channel, senders]) => senders.map((each) => ({ channel, ...each })));
      return [
        refused.length
          ? h(
              "section",
              { class: "card", "aria-labelledby": "refused" },
              h("h3", { id: "refused" }, "Named, and not allowed"),
              h("p", {}, "What these environments send so fails. Name another sender, or ask the operator to allow it."),
              h("ul", {}, refused.map((each) => h("li", {}, environment(each.environment), `: ${each.sender}`))),
            )
          : null,
        rows.length ? table("Senders, by channel", COLUMNS, rows) : empty("No senders", "The team may send as nobody yet: ask the operator of the stack."),
        h("p", { class: "count" }, `As of ${clock(new Date())}.`),
      ];
    },
  );
}

/** @type {import("../table.js").Column<any>[]} */
const COLUMNS = [
  { title: "Sender", cell: ({ sender }) => words(sender) },
  { title: "Channel", cell: ({ channel }) => CHANNELS[channel] },
  { title: "Granted by", cell: (each) => (each.granted_by === "team" ? "the team's list" : "the stack, to all") },
  {
    title: "Environments",
    cell: ({ environments }) => (environments.length ? environments.map((each, index) => [index ? ", " : "", environment(each)]) : "none sends so"),
  },
];

function words(sender) {
  if (sender === "*") return "anybody";
  if (sender.startsWith("@")) return `any address ${sender}`;
  if (sender === "sms:") return "no sender id";
  return sender.replace(/^sms:/, "");
}

function environment(identifier) {
  return h("a", { href: address("/team/environments/{identifier}", { identifier }) }, identifier);
}
