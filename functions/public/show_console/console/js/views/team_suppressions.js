/** Suppressions: addresses that the team does not mail. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice, field } from "../fields.js";
import { time } from "../format.js";
import { address, note } from "../router.js";
import { notify } from "../shell.js";
import { empty } from "../states.js";
import { pages } from "../table.js";

const REASONS = [
  ["bounce", "bounce: no mail at all"],
  ["complaint", "complaint: no mail at all"],
  ["unsubscribe", "unsubscribe: no mail that can be unsubscribed from"],
];
const LIMIT = 50;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal, query } = view;
  const email = field("Address", { type: "search", value: query.get("email") ?? "" });
  const reason = choice("Reason", [["", "any"], ...REASONS.map(([each]) => [each, each])], { value: query.get("reason") ?? "" });
  const filters = () => ({ email: email.input.value.trim(), reason: reason.input.value });
  const list = pages(signal, {
    caption: "Suppressed addresses",
    one: "address",
    many: "addresses",
    columns: [
      { title: "Address", cell: (each) => each.email },
      {
        title: "Reasons",
        cell: (each) => each.reasons.map((one) => h("div", {}, one.reason, ", since ", time(one.at), one.detail ? `: ${one.detail}` : "")),
      },
      {
        title: "Actions",
        kind: "actions",
        cell: (each) => h("button", { type: "button", class: "quiet", "aria-label": `Remove ${each.email}`, onclick: () => remove(each, list) }, "Remove"),
      },
    ],
    load: async (cursor) => {
      const answer = await call("GET /manage/suppressions", {}, { query: { ...filters(), limit: LIMIT, cursor }, signal });
      return { rows: answer.data, next: answer.next_cursor };
    },
    none: () =>
      filters().email || filters().reason
        ? empty("No address fits", "The address has to be the whole one, in any spelling.")
        : empty("Nobody is suppressed", "Addresses come here by bounces, complaints and unsubscribing."),
  });
  const find = (event) => {
    event.preventDefault();
    note(address("/team", {}, { part: "suppressions", ...filters() }));
    return list.reload();
  };
  fill(
    view.main,
    h(
      "form",
      { class: "bar", role: "search", "aria-label": "Find a suppression", onsubmit: find },
      email.element,
      reason.element,
      h("button", { type: "submit", class: "primary" }, "Find"),
      h("button", { type: "button", onclick: () => add(list) }, "Suppress an address"),
    ),
    list.element,
  );
  await list.reload();
}

async function add(list) {
  const email = field("Address", { type: "email", required: true });
  const reason = choice("Reason", REASONS, { value: "unsubscribe" });
  const done = await ask({
    title: "Suppress an address",
    content: [email.element, reason.element],
    yes: "Suppress it",
    act: () => call("POST /manage/suppressions", {}, { body: { email: email.input.value.trim(), reason: reason.input.value } }),
  });
  if (!done) return;
  notify(`${done.email} is suppressed.`);
  await list.reload();
}

async function remove({ email, reasons }, list) {
  const asked = reasons.some((each) => each.reason !== "bounce");
  const done = await ask({
    title: "Remove the suppression?",
    content: `Mail to ${email} is sent again from now on.${asked ? " Its owner has asked for none: remove it only if they want it again." : ""}`,
    yes: "Remove it",
    danger: asked,
    act: () => call("DELETE /manage/suppressions/{email}", { email }),
  });
  if (done) await list.reload();
}
