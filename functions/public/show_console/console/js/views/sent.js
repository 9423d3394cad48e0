/** One thing that the local stack's services were handed: as it looks, its headers and source, and reports to play. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { size, time } from "../format.js";
import { local } from "../local.js";
import { mailFrame } from "../mail_frame.js";
import { channelName, facts, folded, json } from "../parts.js";
import { address, go } from "../router.js";
import { notify } from "../shell.js";
import { failure, loaded } from "../states.js";
import { event } from "../words.js";

/** How many messages to an address are looked through for the one that a mail belongs to; it mostly is the first. */
const LOOKED_THROUGH = 25;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal, params } = view;
  const { id } = params;
  await loaded(view.main, signal, () => local("GET /_local/outbox/{id}", { id }, { signal }), (found) => {
    const [first] = found.messages;
    view.retitle(first.subject || first.title || `To ${first.to}`);
    return [
      h("p", {}, h("a", { href: address("/outbox") }, "Back to the outbox")),
      h(
        "div",
        { class: "card" },
        facts([
          ["Channel", channelName(first.channel)],
          ["To", found.messages.map((each) => each.to).join(", ")],
          ["Cc", first.cc?.join(", ")],
          ["Bcc", first.bcc?.join(", ")],
          ["From", first.from],
          ["Reply to", first.reply_to],
          ["Sent", time(first.at)],
          ["Message", messageLink(view, first.to, found.tags)],
        ]),
      ),
      content(first),
      attachments(first.attachments),
      Object.keys(first.headers ?? {}).length
        ? folded("Headers", facts(Object.entries(first.headers).map(([name, value]) => [name, String(value)])))
        : null,
      source(id),
      reports(found.reports, id),
      h("div", { class: "buttons" }, h("button", { type: "button", class: "danger", onclick: () => remove(id) }, "Delete it")),
    ];
  });
}

function content(entry) {
  return h(
    "section",
    { "aria-label": "Content" },
    entry.title ? h("p", { class: "subject" }, entry.title) : null,
    entry.html ? mailFrame(entry.html, `The mail "${entry.subject ?? ""}"`) : null,
    entry.html && entry.text ? folded("As text", h("pre", {}, entry.text)) : null,
    !entry.html && entry.text ? h("pre", {}, entry.text) : null,
    entry.body ? h("pre", {}, entry.body) : null,
    entry.data ? folded("Data", json(entry.data)) : null,
  );
}

function attachments(files) {
  if (!files?.length) return null;
  return h(
    "section",
    { "aria-labelledby": "attachments" },
    h("h2", { id: "attachments" }, "Attachments"),
    h("ul", {}, files.map((file) => h("li", {}, `${file.filename} (${file.content_type}, ${size(file.size)})`))),
  );
}

function source(id) {
  const inside = h("div");
  const made = folded("Source", inside);
  let isAsked = false;
  made.addEventListener("toggle", async () => {
    if (!made.open || isAsked) return;
    isAsked = true;
    try {
      fill(inside, h("pre", {}, (await local("GET /_local/outbox/{id}/source", { id })).source));
    } catch (error) {
      isAsked = false;
      fill(inside, error.status === 404 ? h("p", { class: "faint" }, "It is not kept any more: the source of the last sendings alone is.") : failure(error));
    }
  });
  return made;
}

/** What a provider may tell of it later, to see what becomes of that. */
function reports(types, id) {
  if (!types.length) return null;
  const trouble = h("div", { "aria-live": "polite" });
  const report = async (type) => {
    fill(trouble);
    try {
      await local("POST /_local/feedback", {}, { body: { provider_message_id: id, type } });
      notify(`The provider has reported that it ${event(type)}.`);
    } catch (error) {
      fill(trouble, failure(error));
    }
  };
  return h(
    "section",
    { class: "card", "aria-labelledby": "reports" },
    h("h2", { id: "reports" }, "Let the provider report"),
    h("p", { class: "hint" }, "On AWS these reports come from the mail servers and people who get it. Here you play them."),
    h("div", { class: "bar" }, types.map((type) => h("button", { type: "button", onclick: () => report(type) }, `It ${event(type)}`))),
    trouble,
  );
}

/** The message that it belongs to is known by the address that it went to and the delivery's tag. */
function messageLink(view, to, tags) {
  if (!tags.delivery_id) return null;
  const trouble = h("span", { class: "faint" });
  const find = async () => {
    const environment = tags.environment;
    fill(trouble, " Looking …");
    const listed = await call("GET /manage/{environment}/messages", { environment }, { query: { address: to, limit: LOOKED_THROUGH } });
    for (const { message_id } of listed.data) {
      const message = await call("GET /manage/{environment}/messages/{message_id}", { environment, message_id });
      if (view.signal.aborted) return;
      if (message.deliveries.some((each) => each.id === tags.delivery_id))
        return go(address("/messages/{message_id}", { message_id }, { environment }));
    }
    fill(trouble, ` It is not among the last ${LOOKED_THROUGH} messages to this address.`);
  };
  return [h("button", { type: "button", class: "quiet", onclick: find }, "Open the message"), trouble];
}

async function remove(id) {
  const done = await ask({
    title: "Delete it from the outbox?",
    content: "Its message and deliveries stay.",
    yes: "Delete it",
    danger: true,
    act: () => local("DELETE /_local/outbox/{id}", { id }),
  });
  if (done) go(address("/outbox"));
}
