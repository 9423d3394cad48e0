/** One message: what came, what became of it and why, and what can be done about it. It follows what still happens. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { check } from "../fields.js";
import { clock, counted, time } from "../format.js";
import { follow } from "../live.js";
import { isLocal } from "../local.js";
import { channelName, facts, folded, json, statusBadge, unfolding } from "../parts.js";
import { rendered } from "../rendered.js";
import { address } from "../router.js";
import { announce, notify } from "../shell.js";
import { failure, loading } from "../states.js";
import { event, explained } from "../words.js";

const SECONDS = 3;
/** A delivery that does not wait may still bounce, or be opened; there is no hurry to show that. */
const QUIET_SECONDS = 20;

/** What somebody has just done shows a moment later: until then there is. */
const HURRY_SECONDS = 60;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal, params } = view;
  const { message_id } = params;
  const trouble = h("div");
  const asOf = h("p", { class: "as-of" });
  const content = h("div", {}, loading());
  view.retitle(`Message ${message_id}`);
  fill(view.main, trouble, content, asOf);
  const isHere = await isLocal();
  /** @type {Map<string, {said: string, element: HTMLElement}>} */
  const articles = new Map();
  let framed = "";
  let known = "";
  let looked = 0;
  let hurriedUntil = 0;

  async function look() {
    const message = await call("GET /manage/{environment}/messages/{message_id}", { environment, message_id }, { signal });
    if (signal.aborted) return;
    looked = Date.now();
    fill(trouble);
    fill(asOf, `As of ${clock(new Date())}.`);
    const said = JSON.stringify(message);
    if (said === known) return;
    if (known) announce(message.deliveries.map((each) => `${each.to ?? each.notification}: ${each.status}`).join(", "));
    known = said;
    view.retitle(message.event_type);
    draw(message);
  }

  /** Show what is new, and leave alone what has not changed: somebody may read it. */
  function draw(message) {
    const context = { environment, isHere, refresh };
    const { deliveries, ...others } = message;
    const frame = JSON.stringify([others, deliveries.map((each) => each.id)]);
    if (frame !== framed) {
      articles.clear();
      for (const each of deliveries) articles.set(each.id, { said: JSON.stringify(each), element: delivery(message, each, context) });
      fill(content, shown(message, [...articles.values()].map((each) => each.element), context));
      framed = frame;
      return;
    }
    for (const each of deliveries) {
      const article = articles.get(each.id);
      const said = JSON.stringify(each);
      if (article.said === said) continue;
      const element = delivery(message, each, context);
      const opened = [...article.element.querySelectorAll("details[open]")].map((one) => one.dataset.key);
      for (const one of element.querySelectorAll("details")) one.open = opened.includes(one.dataset.key);
      article.element.replaceWith(element);
      articles.set(each.id, { said, element });
    }
  }

  async function refresh() {
    known = "";
    hurriedUntil = Date.now() + HURRY_SECONDS * 1000;
    await look().catch((error) => fill(trouble, failure(error)));
  }

  await follow(signal, SECONDS, async () => {
    const isWaiting = known === "" || Date.now() < hurriedUntil || known.includes('"status":"pending"');
    if (!isWaiting && Date.now() - looked < QUIET_SECONDS * 1000) return;
    try {
      await look();
    } catch (error) {
      if (signal.aborted) return;
      fill(trouble, failure(error, refresh));
      if (!known) fill(content);
      throw error;
    }
  });
}

function shown(message, articles, context) {
  const { environment } = context;
  const why = explained(message.reason);
  const user = message.user_id;
  return [
    why ? h("p", { class: "notice-inline" }, why.text, " ", why.advice) : null,
    h(
      "section",
      { "aria-labelledby": "deliveries" },
      h("h2", { id: "deliveries" }, counted(message.deliveries.length, "delivery", "deliveries")),
      articles,
      message.deliveries.length ? null : h("p", { class: "faint" }, "Nothing was to be sent."),
      message.skipped?.length
        ? h(
            "div",
            { class: "card" },
            h("h3", {}, "Not sent"),
            h("ul", {}, message.skipped.map((each) => {
              const said = explained(each.reason);
              return h("li", {}, h("b", {}, each.notification), `: ${said?.text ?? ""} ${said?.advice ?? ""}`);
            })),
          )
        : null,
      h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => replay(message, [], context) }, "Replay the message")),
    ),
    h(
      "section",
      { class: "card", "aria-labelledby": "event" },
      h("h2", { id: "event" }, "The event"),
      facts([
        ["Message id", h("code", {}, message.message_id)],
        ["Event type", h("a", { href: address("/event-types/{event_type}", { event_type: message.event_type }) }, message.event_type)],
        ["User", user === null ? null : h("a", { href: address("/users/{user_id}", { user_id: user }) }, user)],
        ["Environment", environment],
        ["Came by", message.test ? `${message.source}, as a test` : message.source],
        ["Received", time(message.received_at)],
        ["Of", message.timestamp === null ? null : time(message.timestamp * 1000)],
        ["Came again", message.conflicts ? `${counted(message.conflicts, "time")} with other content; the first stands` : null],
        ["Data dropped", message.dropped_at ? time(message.dropped_at) : null],
      ]),
      h("h3", {}, "Data"),
      json(message.data),
      message.contact_infos?.length ? folded("Its own contact infos", json(message.contact_infos)) : null,
      Object.keys(message.extra ?? {}).length ? folded("Other members", json(message.extra)) : null,
    ),
  ];
}

function delivery(message, each, context) {
  const why = explained(each.reason);
  const isSuppressed = /^suppressed: /.test(each.reason ?? "");
  const again = () => replay(message, [each], context);
  const opening = (summary, make) => {
    const made = unfolding(summary, make);
    made.dataset.key = summary;
    return made;
  };
  return h(
    "article",
    { class: "card delivery", "aria-label": `${each.notification} to ${each.to ?? "nobody"}` },
    h("h3", {}, channelName(each.channel), " ", each.notification, " ", statusBadge(each.status)),
    why ? h("p", {}, why.text, " ", h("span", { class: "faint" }, why.advice)) : null,
    each.next_try_at ? h("p", {}, "It is tried next at ", time(each.next_try_at), ".") : null,
    facts([
      ["To", each.to],
      ["Planned", time(each.created_at)],
      ["Last change", time(each.updated_at)],
      ["Id of the provider", each.provider_message_id ? h("code", {}, each.provider_message_id) : null],
      ["Variables missing", each.missing_variables?.length ? each.missing_variables.join(", ") : null],
      ["What did not fit", each.template_notes?.length ? each.template_notes.map(note) : null],
    ]),
    each.events?.length ? [h("h4", {}, "What the provider reported"), h("ol", { class: "events" }, each.events.map(reported))] : null,
    each.rendered ? opening("What it looked like", () => rendered(each.channel, each.rendered)) : null,
    !each.rendered && each.provider_message_id && context.isHere
      ? h("p", {}, h("a", { href: address("/outbox/{id}", { id: each.provider_message_id }) }, "See it in the outbox"))
      : null,
    each.earlier?.length ? opening("Earlier sendings", () => json(each.earlier)) : null,
    opening("As the API has it", () => json({ ...each, rendered: undefined })),
    h(
      "div",
      { class: "buttons" },
      isSuppressed && each.to
        ? h("button", { type: "button", onclick: () => unsuppress(each, context) }, "Remove the suppression")
        : null,
      each.status === "pending" || each.status === "no_contact" ? null : h("button", { type: "button", onclick: again }, "Send it again"),
    ),
  );
}

function note(text) {
  return h("div", {}, typeof text === "string" ? text : JSON.stringify(text));
}

function reported(each) {
  const { type, at, ...more } = each;
  const said = Object.entries(more)
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "object" ? JSON.stringify(value) : value}`);
  return h("li", {}, time(at), ` it ${event(type)}`, said.length ? h("span", { class: "faint" }, ` (${said.join("; ")})`) : null);
}

async function replay(message, forced, { environment, refresh }) {
  const isForced = forced.length > 0;
  const done = await ask({
    title: isForced ? `Send ${forced[0].notification} again?` : "Replay this message?",
    content: isForced
      ? `It goes to ${forced[0].to} once more, with the template and the user of today. A suppressed address gets nothing.`
      : "Deliveries that wait are queued again, with the templates and the user of today. What was sent is not sent again.",
    yes: isForced ? "Send it again" : "Replay",
    act: () =>
      call(
        "POST /manage/{environment}/replays",
        { environment },
        { body: { message_id: message.message_id, ...(isForced ? { force: forced.map((each) => each.id) } : {}) } },
      ),
  });
  if (!done) return;
  const queued = done.deliveries.filter((each) => each.effect === "queued").length;
  notify(queued ? `${counted(queued, "delivery is", "deliveries are")} queued again.` : "There was nothing to queue again.");
  await refresh();
}

async function unsuppress(each, { refresh }) {
  const reason = each.reason.split(": ")[1];
  const all = check("For every reason, not only this one");
  const done = await ask({
    title: "Remove the suppression?",
    content: [h("p", {}, `Mail to ${each.to} is sent again from now on. It is suppressed for: ${reason}.`), all.element],
    yes: "Remove it",
    act: () =>
      call(
        "DELETE /manage/suppressions/{email}",
        { email: each.to },
        { query: { reason: all.input.checked ? null : reason } },
      ),
  });
  if (!done) return;
  notify(`Mail to ${each.to} is sent again. Send this one again if it still is of use.`);
  await refresh();
}
