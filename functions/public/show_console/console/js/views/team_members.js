/** Members: the people who sign in to the team, and their roles. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice, field } from "../fields.js";
import { time } from "../format.js";
import { showOnce } from "../secret.js";
import { notify } from "../shell.js";
import { empty } from "../states.js";
import { pages } from "../table.js";

/** @type {[string, string][]} */
const ROLES = [
  ["User", "User: everything but what Admins do"],
  ["Admin", "Admin: environments, members, tokens and keys as well"],
];
const LIMIT = 50;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal } = view;
  const list = pages(signal, {
    caption: "Members, by address",
    one: "member",
    columns: [
      { title: "Address", cell: (each) => each.email },
      { title: "Name", cell: (each) => each.full_name },
      { title: "Role", kind: "words", cell: (each) => each.role },
      { title: "Added", cell: (each) => time(each.created_at) },
      { title: "Signs in", cell: state },
      {
        title: "Actions",
        kind: "actions",
        cell: (each) => [
          h("button", { type: "button", class: "quiet", "aria-label": `Change the role of ${each.email}`, onclick: () => change(each, list) }, "Change role"),
          " ",
          h("button", { type: "button", class: "quiet", "aria-label": `Remove ${each.email}`, onclick: () => remove(each, list) }, "Remove"),
        ],
      },
    ],
    load: async (cursor) => {
      const answer = await call("GET /manage/members", {}, { query: { limit: LIMIT, cursor }, signal });
      return { rows: answer.data, next: answer.next_cursor };
    },
    none: () => empty("No members", "Add the first one: so far, API tokens alone open the team."),
  });
  fill(
    view.main,
    h("div", { class: "bar" }, h("button", { type: "button", class: "primary", onclick: () => add(list) }, "Add a member")),
    list.element,
  );
  await list.reload();
}

function state({ joined, one_time_until }) {
  if (joined) return "with a password";
  if (one_time_until === null) return "once the address is confirmed";
  return [Date.parse(one_time_until) > Date.now() ? "not yet; can until " : "too late; could until ", time(one_time_until)];
}

async function add(list) {
  const email = field("Address", { type: "email", required: true });
  const name = field("Name", { maxlength: 200 });
  const role = choice("Role", ROLES);
  const made = await ask({
    title: "Add a member",
    content: [email.element, name.element, role.element],
    yes: "Add",
    act: () =>
      call("POST /manage/members", {}, {
        body: { email: email.input.value.trim(), full_name: name.input.value.trim() || null, role: role.input.value },
      }),
  });
  if (!made) return;
  await showOnce(`The one-time password of ${made.email}`, made.one_time_password, "No mail is sent: give it to them. It is good for one login within a week, where they choose their own.");
  await list.reload();
}

async function change({ email, role }, list) {
  const fresh = choice("Role", ROLES, { value: role });
  const done = await ask({
    title: `Change the role of ${email}`,
    content: [fresh.element, h("p", { class: "hint" }, "They are signed out everywhere, and sign in again.")],
    yes: "Change it",
    act: () => call("PUT /manage/members/{email}", { email }, { body: { role: fresh.input.value } }),
  });
  if (!done) return;
  notify(`${done.email} is ${done.role === "Admin" ? "an Admin" : "a User"} now.`);
  await list.reload();
}

async function remove({ email }, list) {
  const done = await ask({
    title: `Remove ${email}?`,
    content: "They are signed out everywhere and cannot sign in again. API tokens that they know stay: revoke those under API tokens.",
    yes: "Remove",
    danger: true,
    act: () => call("DELETE /manage/members/{email}", { email }),
  });
  if (!done) return;
  notify(`${email} is removed.`);
  await list.reload();
}
