/** The team's environments. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { check, field } from "../fields.js";
import { time } from "../format.js";
import { channelName } from "../parts.js";
import { address, go } from "../router.js";
import { forgetEnvironments, known, notify } from "../shell.js";
import { empty, loaded } from "../states.js";
import { table } from "../table.js";
import { CHANNELS } from "../words.js";

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal } = view;
  const list = h("div");
  fill(
    view.main,
    h(
      "p",
      {},
      "What a team may send as is for the operator of the stack to say (see ",
      h("a", { href: address("/team", {}, { part: "senders" }) }, "Senders"),
      "); whom an environment sends as is for you.",
    ),
    h("div", { class: "bar" }, h("button", { type: "button", class: "primary", onclick: create }, "Make an environment")),
    list,
  );
  await loaded(
    list,
    signal,
    () => {
      // Somebody else may have made one.
      forgetEnvironments();
      return known(signal);
    },
    (data) => (data.length ? table("Environments, oldest first", COLUMNS, data) : empty("No environments", "Make one to send anything.")),
  );
}

/** @type {import("../table.js").Column<any>[]} */
const COLUMNS = [
  {
    title: "Environment",
    cell: ({ identifier }) => h("a", { href: address("/team/environments/{identifier}", { identifier }) }, identifier),
  },
  { title: "Name", cell: (each) => [each.name, " ", each.mock ? h("span", { class: "badge faint" }, "mock") : null] },
  {
    title: "Sends by",
    cell: (each) => {
      const there = Object.keys(CHANNELS).filter((channel) => channel === "app" || each.channels[channel]);
      return there.map((channel, index) => [index ? ", " : "", channelName(channel)]);
    },
  },
  { title: "Apps' inbox", cell: (each) => each.client_access.inbox },
  { title: "Made", cell: (each) => time(each.created_at) },
];

async function create() {
  const identifier = field("Identifier", { required: true, pattern: "[a-z0-9][a-z0-9_\\-]{0,62}", placeholder: "staging" }, "Small letters, digits, _ and -. It stands in URLs and cannot be changed.");
  const name = field("Name");
  const mock = check("A mock: does everything but send");
  const made = await ask({
    title: "Make an environment",
    content: [identifier.element, name.element, mock.element],
    yes: "Make it",
    act: () =>
      call("POST /manage/environments", {}, {
        body: { identifier: identifier.input.value, name: name.input.value || null, mock: mock.input.checked },
      }),
  });
  if (!made) return;
  forgetEnvironments();
  notify(`${made.identifier} is there.`);
  go(address("/team/environments/{identifier}", { identifier: made.identifier }));
}
