/** Home: what the last day brought, and what wants attention; it follows what happens. */

import { call } from "../api.js";
import { chart } from "../chart.js";
import { fill, h } from "../dom.js";
import { clock, counted, number, time } from "../format.js";
import { follow } from "../live.js";
import { address } from "../router.js";
import { announce } from "../shell.js";
import { empty, failure, loading } from "../states.js";
import { CHANNELS, STATUS_CHOICES, status } from "../words.js";

const HOURS = 24;
/** The stack believes its own counts for as long. */
const SECONDS = 30;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal } = view;
  const asOf = h("p", { class: "as-of" });
  const trouble = h("div");
  const content = h("div", {}, loading());
  fill(view.main, asOf, trouble, content);
  let known = "";
  await follow(signal, SECONDS, async () => {
    try {
      const query = { hours: HOURS };
      const overview = await call("GET /manage/{environment}/overview", { environment }, { query, signal });
      if (signal.aborted) return;
      fill(trouble);
      fill(asOf, `The last ${HOURS} hours, as of ${clock(new Date())}.`);
      const said = JSON.stringify(overview);
      // Who reads, or has opened the numbers, is not disturbed by what has not changed.
      if (said === known) return;
      if (known) announce(`${counted(overview.accepted, "event")} now, ${counted(overview.attention.length, "thing")} to look at.`);
      known = said;
      fill(content, overview.accepted || overview.attention.length ? summary(overview) : nothing(environment));
    } catch (error) {
      if (signal.aborted) return;
      fill(trouble, failure(error));
      if (!known) fill(content);
      throw error;
    }
  });
}

function summary(overview) {
  const bars = overview.by_hour.map((each) => ({ at: each.hour, parts: each.channels }));
  return [
    h(
      "section",
      { class: "card", "aria-labelledby": "attention" },
      h("h2", { id: "attention" }, "Needs attention"),
      overview.attention.length
        ? h("ul", { class: "attention" }, overview.attention.map((each) => h("li", {}, wanted(each))))
        : h("p", { class: "good" }, "Nothing. Everything is on its way."),
    ),
    h(
      "section",
      { "aria-labelledby": "events" },
      h("h2", { id: "events" }, `${counted(overview.accepted, "event")}, and what became of them`),
      h("div", { class: "grid channels" }, Object.keys(CHANNELS).map((channel) => channelCard(channel, overview.deliveries[channel]))),
    ),
    h(
      "section",
      { class: "card", "aria-labelledby": "by-hour" },
      h("h2", { id: "by-hour" }, "Deliveries by hour"),
      chart(`Deliveries of the last ${HOURS} hours, by hour and channel`, bars),
    ),
  ];
}

function channelCard(channel, counts) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const there = STATUS_CHOICES.map(([name]) => name).filter((name) => counts[name] > 0);
  return h(
    "div",
    { class: "card" },
    h("h3", { class: `channel ${channel}` }, CHANNELS[channel]),
    h("p", { class: "figure" }, number(all)),
    h(
      "ul",
      { class: "plain" },
      there.map((name) => {
        const [text, look] = status(name);
        return h("li", {}, h("a", { href: address("/messages", {}, { status: name }), class: look }, `${number(counts[name])} ${text}`));
      }),
    ),
  );
}

/** What each kind of attention says, and where one can do something about it. */
function wanted(each) {
  const count = each.count;
  const to = (path, text, query = {}) => [" ", h("a", { href: address(path, {}, query) }, text)];
  switch (each.kind) {
    case "dead_letters":
      return [`${counted(count, "record")}${each.more ? " or more" : ""} failed too often and lie in the dead letters.`, to("/team", "Look at them", { part: "dead-letters" })];
    case "pending":
      return [`${counted(count, "delivery waits", "deliveries wait")}, the oldest since `, time(each.since), ".", to("/messages", "See what for", { status: "pending" })];
    case "provider_closed":
      return [`${CHANNELS[each.channel] ?? each.channel}: the provider takes nothing until `, time(each.until), ` (${each.reason}). ${counted(count, "delivery waits", "deliveries wait")}, and ${count === 1 ? "is" : "are"} sent by ${count === 1 ? "itself" : "themselves"} then.`];
    case "event_type_failing":
      return [`${counted(count, "delivery", "deliveries")} of ${each.event_type} failed, half of them or more.`, to("/messages", "See why", { event_type: each.event_type, status: "failed" })];
    case "event_type_not_configured":
      return [`${counted(count, "event is", "events are")} of an event type that is not configured.`, to("/event-types", "Configure it")];
    case "bounce_rate":
      return [`${(each.rate * 100).toFixed(1)} % of the mails bounced (${number(count)}). SES reviews accounts from 5 % on.`, to("/messages", "See them", { status: "failed" })];
    case "complaint_rate":
      return [`${(each.rate * 100).toFixed(2)} % of the mails were reported as spam (${number(count)}). SES reviews accounts from 0.1 % on.`];
    default:
      return [`${each.kind}: ${number(count)}`];
  }
}

function nothing(environment) {
  return empty(
    `No events in the last ${HOURS} hours`,
    `Post one to the environment ${environment}, and what becomes of it is shown here.`,
    h("p", {}, h("a", { href: address("/event-types") }, "Configure an event type"), " to say what is sent for it."),
  );
}
