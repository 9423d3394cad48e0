/** Client keys: what apps, websites and their servers open the Client API with. */

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
const SCOPES = [
  ["public", "public: for apps and websites; everybody can read it there"],
  ["secret", "secret: for a server"],
  ["user_token", "user tokens: your server says with it who an app's user is"],
];
const LIMIT = 50;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal } = view;
  const list = pages(signal, {
    caption: `Client keys of ${environment}`,
    one: "key",
    columns: [
      { title: "Key", cell: (each) => h("code", {}, each.scope === "public" ? each.key : `${each.key}…`) },
      { title: "Kind", kind: "words", cell: (each) => each.scope },
      { title: "Name", cell: (each) => each.name ?? "" },
      { title: "Made", cell: (each) => time(each.created_at) },
      {
        title: "Actions",
        kind: "actions",
        cell: (each) => h("button", { type: "button", class: "quiet", "aria-label": `Revoke ${each.key}`, onclick: () => revoke(each, list) }, "Revoke"),
      },
    ],
    load: async (cursor) => {
      const answer = await call("GET /manage/client_keys", {}, { query: { environment, limit: LIMIT, cursor }, signal });
      return { rows: answer.data, next: answer.next_cursor };
    },
    none: () => empty(`No client keys in ${environment}`, "Make a public one for an app or a website."),
  });
  fill(
    view.main,
    h("div", { class: "bar" }, h("button", { type: "button", class: "primary", onclick: () => create(environment, list) }, "Make a client key")),
    list.element,
  );
  await list.reload();
}

async function create(environment, list) {
  const scope = choice("Kind", SCOPES);
  const name = field("Name", { maxlength: 200 });
  const made = await ask({
    title: `Make a client key of ${environment}`,
    content: [scope.element, name.element],
    yes: "Make it",
    act: () =>
      call("POST /manage/client_keys", {}, { body: { environment, scope: scope.input.value, name: name.input.value || null } }),
  });
  if (!made) return;
  if (made.scope === "public") notify("The key is in the list.");
  else await showOnce("The client key", made.key);
  await list.reload();
}

async function revoke({ id, key }, list) {
  const done = await ask({
    title: `Revoke ${key}?`,
    content: "Apps that have it are refused, everywhere within a minute. Those that are out there keep the old key until they are updated.",
    yes: "Revoke",
    danger: true,
    act: () => call("DELETE /manage/client_keys/{id}", { id }),
  });
  if (done) await list.reload();
}
