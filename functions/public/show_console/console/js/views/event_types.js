/** Event types: what is configured in the environment. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { field } from "../fields.js";
import { time } from "../format.js";
import { channelName } from "../parts.js";
import { address, go } from "../router.js";
import { empty } from "../states.js";
import { pages } from "../table.js";

const LIMIT = 25;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal } = view;
  const list = pages(signal, {
    caption: "Event types, by name",
    one: "event type",
    columns: COLUMNS,
    load: async (cursor) => {
      const query = { limit: LIMIT, cursor };
      const answer = await call("GET /manage/{environment}/event_types", { environment }, { query, signal });
      return { rows: answer.data, next: answer.next_cursor };
    },
    none: () => empty("No event types yet", "Configure one to say what is sent when an event of its name comes."),
  });
  fill(
    view.main,
    h("div", { class: "bar" }, h("button", { type: "button", class: "primary", onclick: configure }, "Configure an event type")),
    list.element,
  );
  await list.reload();
}

/** @type {import("../table.js").Column<any>[]} */
const COLUMNS = [
  {
    title: "Event type",
    cell: ({ event_type }) => h("a", { href: address("/event-types/{event_type}", { event_type }) }, event_type),
  },
  {
    title: "Notifications",
    cell: (each) =>
      each.notifications.length
        ? h("span", {}, each.notifications.map((one, index) => [index ? ", " : "", one.name, " ", channelName(one.channel)]))
        : h("span", { class: "wait" }, "none: nothing is sent"),
  },
  { title: "Changed", cell: (each) => time(each.updated_at) },
];

async function configure() {
  const name = field("Name", { required: true, placeholder: "order_shipped" }, "As your events have it in event_type.");
  const given = await ask({
    title: "Configure an event type",
    content: name.element,
    yes: "Go on",
    act: async () => name.input.value.trim(),
  });
  if (given) go(address("/event-types/{event_type}", { event_type: given }));
}
