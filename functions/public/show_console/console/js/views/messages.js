/** Messages: what was ingested, newest first, found by address, user, event type, status and time. */

import { call } from "../api.js";
import { fill, h } from "../dom.js";
import { choice, field } from "../fields.js";
import { clock, time } from "../format.js";
import { address, go, note } from "../router.js";
import { empty } from "../states.js";
import { pages } from "../table.js";
import { STATUS_CHOICES, explained } from "../words.js";

const LIMIT = 25;
/** Browsers let years of six digits be typed, which no time of the API has. */
const LATEST = "9999-12-31T23:59";
const FILTERS = ["address", "user_id", "event_type", "status", "from", "to"];

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal, query } = view;
  let filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const inputs = {
    address: field("Address", { type: "search", value: filters.address, placeholder: "sam@example.com" }),
    user_id: field("User", { type: "search", value: filters.user_id }),
    event_type: field("Event type", { type: "search", value: filters.event_type }),
    status: choice("Status", STATUS_CHOICES, { value: filters.status }),
    from: field("From", { type: "datetime-local", max: LATEST, value: inputTime(filters.from) }),
    to: field("Until", { type: "datetime-local", max: LATEST, value: inputTime(filters.to) }),
  };
  const asOf = h("p", { class: "as-of", "aria-live": "polite" });
  const list = pages(signal, {
    caption: "Messages, newest first",
    one: "message",
    columns: COLUMNS,
    load: async (cursor) => {
      const asked = { ...filters, cursor, limit: LIMIT };
      const answer = await call("GET /manage/{environment}/messages", { environment }, { query: asked, signal });
      if (cursor === null && !signal.aborted) fill(asOf, `As of ${clock(new Date())}.`);
      return { rows: answer.data, next: answer.next_cursor };
    },
    none: () =>
      FILTERS.some((name) => filters[name])
        ? empty("No message fits", "Loosen the filters: the address, user and event type have to be the whole one.")
        : empty("No messages yet", "Post an event to this environment; a moment later its message is here."),
  });

  function apply(event) {
    event?.preventDefault();
    filters = {
      address: inputs.address.input.value.trim(),
      user_id: inputs.user_id.input.value.trim(),
      event_type: inputs.event_type.input.value.trim(),
      status: inputs.status.input.value,
      from: moment(inputs.from.input.value),
      to: moment(inputs.to.input.value),
    };
    note(address("/messages", {}, filters));
    return list.reload();
  }

  const clear = () => {
    for (const { input } of Object.values(inputs)) input.value = "";
    apply();
  };
  const id = field("Message id", { type: "search", required: true });
  const open = (event) => {
    event.preventDefault();
    go(address("/messages/{message_id}", { message_id: id.input.value.trim() }));
  };
  fill(
    view.main,
    h(
      "form",
      { class: "bar", role: "search", "aria-label": "Find messages", onsubmit: apply },
      Object.values(inputs).map((each) => each.element),
      h("button", { type: "submit", class: "primary" }, "Find"),
      h("button", { type: "button", onclick: clear }, "Clear"),
    ),
    asOf,
    list.element,
    h("form", { class: "bar", onsubmit: open, "aria-label": "Open a message" }, id.element, h("button", { type: "submit" }, "Open")),
  );
  await list.reload();
}

const COLUMNS = [
  {
    title: "Event type",
    cell: (message) =>
      h("a", { href: address("/messages/{message_id}", { message_id: message.message_id }) }, message.event_type),
  },
  { title: "Received", cell: (message) => time(message.received_at) },
  {
    title: "User",
    cell: (message) =>
      message.user_id === null ? h("span", { class: "faint" }, "none") : h("a", { href: address("/users/{user_id}", { user_id: message.user_id }) }, message.user_id),
  },
  { title: "Came by", cell: (message) => (message.test ? `${message.source}, a test` : message.source) },
  { title: "Remarks", cell: (message) => remark(message) },
];

function remark(message) {
  const why = explained(message.reason);
  if (why) return h("span", { class: "wait" }, why.text);
  return message.conflicts ? `came again ${message.conflicts} times with other content` : "";
}

/** A moment in the form of the input, which knows no time zone. */
function inputTime(iso) {
  if (!iso) return "";
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function moment(text) {
  return text ? new Date(text).toISOString() : "";
}
