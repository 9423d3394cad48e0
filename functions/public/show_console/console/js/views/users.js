/** Users: the list, and the way to one by id or by an address that something was sent to. */

import { ApiError, call } from "../api.js";
import { fill, h } from "../dom.js";
import { field } from "../fields.js";
import { time } from "../format.js";
import { address, go, note } from "../router.js";
import { current } from "../session.js";
import { empty, loaded } from "../states.js";
import { pages, table } from "../table.js";

const PER_PAGE = 25;
/** How many messages to an address are looked through for the users that they were for. */
const LOOKED_THROUGH = 100;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal, query } = view;
  const wanted = field(
    "User id, e-mail address or phone number",
    { type: "search", value: query.get("find") ?? "" },
    "By an address, those are found to whom something was sent there.",
  );
  const result = h("div");
  const list = pages(signal, {
    caption: "Users, newest first",
    one: "user",
    columns: COLUMNS,
    load: async (cursor) => {
      const page = cursor ?? 1;
      const asked = { page, per_page: PER_PAGE };
      const answer = await call("GET /neptune/{environment}/users", { environment }, { query: asked, signal });
      return { rows: answer.data, next: page * PER_PAGE < answer.meta.total ? page + 1 : null };
    },
    none: () => empty("No users yet", "Create one with POST /neptune/{environment}/users, or let an app identify one."),
  });

  async function find(event) {
    event?.preventDefault();
    const text = wanted.input.value.trim();
    note(address("/users", {}, { find: text }));
    if (text === "") return start();
    await loaded(result, signal, () => found(environment, text, signal), (ids) => {
      if (ids.length === 1 && event) {
        go(address("/users/{user_id}", { user_id: ids[0] }));
        return null;
      }
      return ids.length
        ? table("Users found", [COLUMNS[0]], ids.map((user_id) => ({ user_id })))
        : empty("Nobody found", "There is no user of this id, and nothing was sent to this address within the time that messages are kept. Check the spelling, and the environment.");
    });
  }

  function start() {
    if (current()?.kind === "account") {
      fill(result, empty("Find a user", "Give an id or an address. The list of all users needs an API token with manage_users: sign in with one."));
      return undefined;
    }
    fill(result, list.element);
    return list.reload();
  }

  fill(
    view.main,
    h(
      "form",
      { class: "bar", role: "search", "aria-label": "Find a user", onsubmit: find },
      wanted.element,
      h("button", { type: "submit", class: "primary" }, "Find"),
    ),
    result,
  );
  await (wanted.input.value ? find() : start());
}

const COLUMNS = [
  { title: "User", cell: (user) => h("a", { href: address("/users/{user_id}", { user_id: user.user_id }) }, user.user_id) },
  { title: "Name", cell: (user) => (typeof user.meta?.name === "string" ? user.meta.name : "") },
  { title: "Created", cell: (user) => time(user.created_at) },
  { title: "Changed", cell: (user) => time(user.updated_at) },
];

/** The ids that a text may mean: of those to whom something was sent at the address, else the text itself. */
async function found(environment, text, signal) {
  const isAddress = /@|^\+?[\d ()./-]{5,}$/.test(text);
  const query = { address: text, limit: LOOKED_THROUGH };
  const messages = isAddress ? await call("GET /manage/{environment}/messages", { environment }, { query, signal }) : { data: [] };
  const ids = messages.data.map((each) => each.user_id).filter((id) => id !== null);
  if (ids.length) return [...new Set(ids)];
  return (await exists(environment, text, signal)) ? [text] : [];
}

async function exists(environment, user_id, signal) {
  // Who cannot ask is shown what else is known of the id.
  if (current()?.kind === "account") return !user_id.includes("@");
  try {
    await call("GET /neptune/{environment}/users/{user_id}", { environment, user_id }, { signal });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}
