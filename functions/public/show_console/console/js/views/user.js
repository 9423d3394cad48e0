/** One user: addresses and whether mail reaches them, devices, inbox, messages; all of it exported, or erased. */

import { call } from "../api.js";
import { ask, tell } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice, field } from "../fields.js";
import { time } from "../format.js";
import { download, facts, json } from "../parts.js";
import { address, go } from "../router.js";
import { notify } from "../shell.js";
import { empty, failure, loaded } from "../states.js";
import { pages, table } from "../table.js";
import { explained } from "../words.js";

const TYPES = { email: "E-mail", mobile_number: "Phone", firebase_token: "Device" };
const PER_PAGE = 10;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { params } = view;
  view.retitle(`User ${params.user_id}`);
  const profile = h("section", { "aria-label": "Profile and contacts" });
  const inbox = inboxOf(view);
  const messages = messagesOf(view);
  fill(
    view.main,
    profile,
    h("section", { "aria-labelledby": "inbox" }, h("h2", { id: "inbox" }, "Inbox in the app"), inbox.element),
    h("section", { "aria-labelledby": "messages" }, h("h2", { id: "messages" }, "Messages"), messages.element),
    rights(view),
  );
  await Promise.all([showProfile(view, profile), inbox.reload(), messages.reload()]);
}

async function showProfile(view, element) {
  const { environment, signal, params } = view;
  await loaded(
    element,
    signal,
    async () => {
      const query = { includes: "contact_infos" };
      const user = await call("GET /neptune/{environment}/users/{user_id}", { environment, ...params }, { query, signal }).catch(
        (error) => {
          if (error.status === 404 || error.status === 403) return { missing: error };
          throw error;
        },
      );
      return { user, suppressed: await suppressions(user.contact_infos ?? [], signal) };
    },
    ({ user, suppressed }) => {
      if (user.missing)
        return user.missing.status === 403
          ? failure(user.missing)
          : empty("Nobody has made this user", "Messages to the id, and its inbox, are here all the same.");
      const again = () => showProfile(view, element);
      return [
        h(
          "div",
          { class: "card" },
          facts([
            ["Created", time(user.created_at)],
            ["Changed", time(user.updated_at)],
            ["Time zone", user.timezone],
            ["Language", user.locale],
          ]),
          Object.keys(user.meta ?? {}).length ? [h("h2", {}, "Meta"), json(user.meta)] : null,
        ),
        h("h2", {}, "Contacts and devices"),
        user.contact_infos.length
          ? table("Contacts and devices", contactColumns(view, suppressed, again), user.contact_infos)
          : empty("No contacts", "Without one, the user is reached in the app alone."),
        h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => add(view, again) }, "Add a contact")),
      ];
    },
  );
}

/** Ask for each mail address whether it is suppressed; those that cannot be asked about are shown without. */
async function suppressions(contacts, signal) {
  const mails = contacts.filter((each) => each.type === "email").slice(0, 20);
  const answers = await Promise.all(
    mails.map((each) => call("GET /manage/suppressions", {}, { query: { email: each.value }, signal }).catch(() => ({ data: [] }))),
  );
  return new Map(mails.map((each, index) => [each.value, answers[index].data[0] ?? null]));
}

function contactColumns(view, suppressed, again) {
  return [
    { title: "Address", cell: (each) => h("span", { class: each.type === "firebase_token" ? "mono" : null }, each.value) },
    { title: "Kind", cell: (each) => [TYPES[each.type] ?? each.type, each.filterable ? ` (${each.filterable})` : ""] },
    { title: "State", cell: (each) => state(each, suppressed.get(each.value)) },
    { title: "Since", cell: (each) => time(each.created_at) },
    {
      title: "Actions",
      kind: "actions",
      cell: (each) => [
        suppressed.get(each.value)
          ? h("button", { type: "button", class: "quiet", onclick: () => unsuppress(each.value, again) }, "Remove suppression")
          : null,
        " ",
        h("button", { type: "button", class: "quiet", "aria-label": `Delete ${each.value}`, onclick: () => remove(view, each, again) }, "Delete"),
      ],
    },
  ];
}

function state(each, suppression) {
  const said = [];
  if (suppression)
    for (const { reason, at, detail } of suppression.reasons)
      said.push(h("div", { class: "bad" }, `suppressed: ${reason}`, detail ? ` (${detail})` : "", ", since ", time(at)));
  if (each.unreachable) said.push(h("div", { class: "bad" }, explained("unreachable: it is no address").text));
  if (each.verified === false) said.push(h("div", { class: "wait" }, "not verified: an app's public key gave it"));
  return said.length ? said : h("span", { class: "good" }, "can be reached");
}

function inboxOf({ environment, signal, params }) {
  return pages(signal, {
    caption: "App notifications, newest first",
    one: "notification",
    columns: [
      { title: "Title", cell: (each) => each.title },
      { title: "Text", cell: (each) => each.body },
      { title: "Event type", cell: (each) => each.event_type },
      { title: "Sent", cell: (each) => time(each.created_at) },
      { title: "Read", kind: "words", cell: (each) => (each.read_at ? time(each.read_at) : h("span", { class: "wait" }, "unread")) },
    ],
    load: async (before) => {
      const query = { user_id: params.user_id, type: "all", per_page: PER_PAGE, before };
      const answer = await call("GET /neptune/app_notifications/{environment}", { environment }, { query, signal });
      return { rows: answer.data, next: answer.meta.next_before };
    },
    none: () => empty("The inbox is empty", "Notifications on the channel app come here."),
  });
}

function messagesOf({ environment, signal, params }) {
  return pages(signal, {
    caption: "Messages, newest first",
    one: "message",
    columns: [
      { title: "Event type", cell: (each) => h("a", { href: address("/messages/{message_id}", { message_id: each.message_id }) }, each.event_type) },
      { title: "Received", cell: (each) => time(each.received_at) },
      { title: "Remarks", cell: (each) => explained(each.reason)?.text ?? "" },
    ],
    load: async (cursor) => {
      const query = { user_id: params.user_id, limit: PER_PAGE, cursor };
      const answer = await call("GET /manage/{environment}/messages", { environment }, { query, signal });
      return { rows: answer.data, next: answer.next_cursor };
    },
    none: () => empty("No messages", "Nothing was sent to this user within the time that messages are kept."),
  });
}

function rights(view) {
  const { environment, params } = view;
  const trouble = h("div", { "aria-live": "polite" });
  const take = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    fill(trouble);
    try {
      const all = await exported(environment, params);
      download(`${params.user_id.replace(/[^\w.-]+/g, "_")}.json`, all);
      notify("Everything about the user is in the file.");
    } catch (error) {
      fill(trouble, failure(error));
    } finally {
      button.disabled = false;
    }
  };
  return h(
    "section",
    { class: "card", "aria-labelledby": "rights" },
    h("h2", { id: "rights" }, "The user's rights"),
    h("p", {}, "Everything that is stored about the user, as one file; or erased, which cannot be undone."),
    h(
      "p",
      {},
      h("button", { type: "button", onclick: take }, "Export everything"),
      " ",
      h("button", { type: "button", class: "danger", onclick: () => erase(view) }, "Erase the user"),
    ),
    trouble,
  );
}

/** Everything about a user: a large export comes in parts, which together are one. */
async function exported(environment, params) {
  const all = {};
  let cursor = null;
  do {
    const part = await call("POST /manage/{environment}/users/{user_id}/export", { environment, ...params }, { query: { cursor } });
    for (const [name, found] of Object.entries(part)) {
      if (name === "next_cursor") continue;
      all[name] = Array.isArray(found) ? [...(all[name] ?? []), ...found] : (found ?? all[name]);
    }
    cursor = part.next_cursor;
  } while (cursor);
  return all;
}

async function erase({ environment, params }) {
  const typed = field(`To be sure, type the id: ${params.user_id}`, { required: true });
  const check = () => typed.input.setCustomValidity(typed.input.value === params.user_id ? "" : "This is not the id.");
  typed.input.addEventListener("input", check);
  check();
  const done = await ask({
    title: "Erase this user?",
    content: [
      h("p", {}, "Profile, contacts, inbox and leads are deleted. Messages keep ids, times and statuses alone. What is suppressed stays so."),
      typed.element,
    ],
    yes: "Erase for good",
    danger: true,
    act: () => call("POST /manage/{environment}/users/{user_id}/erase", { environment, ...params }),
  });
  if (!done) return;
  await tell("The user is being erased", [h("p", {}, "It goes on by itself. Keep the receipt:"), h("pre", {}, done.receipt)]);
  go(address("/users"));
}

async function add({ environment, params }, again) {
  const type = choice("Kind", Object.entries(TYPES));
  const value = field("Address", { required: true });
  const done = await ask({
    title: "Add a contact",
    content: [type.element, value.element],
    yes: "Add",
    act: () =>
      call(
        "POST /neptune/{environment}/users/{user_id}/contacts_info",
        { environment, ...params },
        { body: { type: type.input.value, value: value.input.value } },
      ),
  });
  if (done) await again();
}

async function remove({ environment, params }, { type, value }, again) {
  const done = await ask({
    title: "Delete this contact?",
    content: `Nothing is sent to ${value} for this user any more.`,
    yes: "Delete",
    danger: true,
    act: () =>
      call("DELETE /neptune/{environment}/users/{user_id}/contacts_info", { environment, ...params }, { query: { type, value } }),
  });
  if (done) await again();
}

async function unsuppress(email, again) {
  const done = await ask({
    title: "Remove the suppression?",
    content: `Mail to ${email} is sent again from now on, whatever it was suppressed for.`,
    yes: "Remove it",
    act: () => call("DELETE /manage/suppressions/{email}", { email }),
  });
  if (done) await again();
}
