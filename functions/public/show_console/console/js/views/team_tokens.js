/** API tokens: what servers and people open the team with. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { check, choice, field } from "../fields.js";
import { time } from "../format.js";
import { showOnce } from "../secret.js";
import { known, notify } from "../shell.js";
import { empty } from "../states.js";
import { pages } from "../table.js";

/** Permissions, and what each opens. @type {[string, string][]} */
const PERMISSIONS = [
  ["post_events", "post events"],
  ["manage_users", "read and change users"],
  ["manage_templates", "event types, previews, tests"],
  ["read_messages", "read messages"],
  ["read:leads", "read leads"],
  ["write:leads", "change leads"],
  ["read:campaigns", "read campaigns"],
  ["write:campaigns", "change campaigns, send"],
  ["read:analytics", "read what campaigns brought"],
  ["admin:all", "everything"],
];
const LIMIT = 50;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal } = view;
  const list = pages(signal, {
    caption: "API tokens",
    one: "token",
    columns: [
      { title: "Name", cell: (each) => each.name },
      { title: "May", kind: "words", cell: (each) => each.permissions.join(", ") },
      { title: "Environment", cell: (each) => each.default_environment },
      { title: "Made", cell: (each) => time(each.created_at) },
      { title: "Ends", cell: (each) => time(each.expires_at) },
      {
        title: "Actions",
        kind: "actions",
        cell: (each) => h("button", { type: "button", class: "quiet", "aria-label": `Revoke ${each.name}`, onclick: () => revoke(each, list) }, "Revoke"),
      },
    ],
    load: async (cursor) => {
      const answer = await call("GET /manage/api_tokens", {}, { query: { limit: LIMIT, cursor }, signal });
      return { rows: answer.data, next: answer.next_cursor };
    },
    none: () => empty("No API tokens", "Make one for a server that posts events."),
  });
  fill(
    view.main,
    h("div", { class: "bar" }, h("button", { type: "button", class: "primary", onclick: () => create(view, list) }, "Make an API token")),
    list.element,
  );
  await list.reload();
}

async function create({ environment, signal }, list) {
  const environments = await known(signal);
  const name = field("Name", { required: true, maxlength: 200, placeholder: "backend" }, "What it is for.");
  const boxes = PERMISSIONS.map(([permission, text]) => [permission, check(`${permission}: ${text}`, { checked: permission === "post_events" })]);
  const where = choice("Environment of APIs that name none", environments.map((each) => [each.identifier, each.identifier]), { value: environment });
  const days = field("Ends after (days)", { type: "number", min: 1, max: 3650, required: true, value: 365 });
  const made = await ask({
    title: "Make an API token",
    content: [
      name.element,
      h("fieldset", {}, h("legend", {}, "What it may do, in all environments"), boxes.map(([, box]) => box.element)),
      where.element,
      days.element,
    ],
    yes: "Make it",
    act: () =>
      call("POST /manage/api_tokens", {}, {
        body: {
          name: name.input.value,
          permissions: boxes.filter(([, box]) => box.input.checked).map(([permission]) => permission),
          default_environment: where.input.value,
          expires_in_days: Number(days.input.value),
        },
      }),
  });
  if (!made) return;
  await showOnce(`The API token ${made.name}`, made.token);
  await list.reload();
}

async function revoke({ id, name }, list) {
  const done = await ask({
    title: `Revoke ${name}?`,
    content: "Whatever uses it is refused, everywhere within a minute.",
    yes: "Revoke",
    danger: true,
    act: () => call("DELETE /manage/api_tokens/{id}", { id }),
  });
  if (!done) return;
  notify(`${name} is revoked.`);
  await list.reload();
}
