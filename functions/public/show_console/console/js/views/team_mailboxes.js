/** Mailboxes of Gmail and Outlook from which mail to leads can be sent. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice, field } from "../fields.js";
import { time } from "../format.js";
import { empty, loaded } from "../states.js";
import { table } from "../table.js";

/** @type {import("../table.js").Column<any>[]} */
const COLUMNS = [
  { title: "Address", cell: (each) => each.email },
  { title: "Provider", cell: (each) => each.provider },
  {
    title: "State",
    cell: (each) =>
      each.status === "connected" ? h("span", { class: "good" }, "connected") : h("span", { class: "bad" }, "connect it again: its provider refused the token"),
  },
  { title: "Since", cell: (each) => time(each.created_at) },
];

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal } = view;
  const list = h("div");
  const reload = () =>
    loaded(
      list,
      signal,
      () => call("GET /api/email/accounts", {}, { signal }),
      ({ accounts }) =>
        accounts.length ? table("Mailboxes, oldest first", COLUMNS, accounts) : empty("No mailboxes", "Without one, mail to leads comes from the environment's own address."),
    );
  fill(
    view.main,
    h("div", { class: "bar" }, h("button", { type: "button", class: "primary", onclick: () => connect(reload) }, "Connect a mailbox")),
    list,
  );
  await reload();
}

async function connect(reload) {
  const email = field("Address", { type: "email", required: true });
  const provider = choice("Provider", [["gmail", "Gmail"], ["outlook", "Outlook"]]);
  const token = field("OAuth token", { type: "password", required: true }, "Of your own application at the provider, with the right to send. It is stored encrypted and never shown.");
  const done = await ask({
    title: "Connect a mailbox",
    content: [email.element, provider.element, token.element],
    yes: "Connect",
    act: () =>
      call("POST /api/email/accounts", {}, {
        body: { email: email.input.value, provider: provider.input.value, oauth_token: token.input.value },
      }),
  });
  if (done) await reload();
}
