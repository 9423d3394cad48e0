/**
 * The outbox of the local stack: what the mail, SMS and push services were handed, what the app shows, and what failed.
 * It follows what happens, and changes nothing that somebody looks at.
 */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice, field } from "../fields.js";
import { clock, counted, time } from "../format.js";
import { follow } from "../live.js";
import { local } from "../local.js";
import { channelName, statusBadge } from "../parts.js";
import { address, note } from "../router.js";
import { announce } from "../shell.js";
import { empty, failure, loading } from "../states.js";
import { table } from "../table.js";
import { explained } from "../words.js";

const SECONDS = 2;
/** How many of the environment's last messages are looked through for what no service was handed. */
const LOOKED_THROUGH = 50;
const KINDS = [
  ["", "everything"],
  ["email", "e-mail"],
  ["sms", "SMS"],
  ["push", "push"],
  ["app", "in the app"],
  ["failed", "what failed"],
];

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal, query } = view;
  const kind = choice("Show", KINDS, { value: query.get("kind") ?? "" });
  const text = field("Address or text", { type: "search", value: query.get("text") ?? "" });
  const asOf = h("p", { class: "as-of" });
  const trouble = h("div");
  const list = h("div", {}, loading());
  const others = unsent(environment, signal);
  let sent = { changes: -1, messages: [], most: 0 };
  let drawn = "";

  function draw() {
    note(address("/outbox", {}, { kind: kind.input.value, text: text.input.value }));
    const rows = [...sent.messages.map(fromService), ...others.rows()]
      .filter((row) => fits(row, kind.input.value, text.input.value.trim().toLowerCase()))
      .sort((one, other) => (one.at < other.at ? 1 : -1));
    const now = JSON.stringify(rows);
    if (now === drawn) return;
    drawn = now;
    const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const isFiltered = kind.input.value || text.input.value;
    fill(
      list,
      rows.length
        ? [table("What was sent, newest first", COLUMNS, rows), h("p", { class: "count" }, counted(rows.length, "entry", "entries"))]
        : isFiltered
          ? empty("Nothing fits", "Loosen the filters.")
          : empty("Nothing has been sent yet", "Post an event; what the mail, SMS and push services are handed appears here."),
    );
    // Who is in the list with the keyboard stays where they are.
    if (focused) [...list.querySelectorAll("a")].find((each) => each.getAttribute("href") === focused)?.focus();
  }

  const clear = async () => {
    const done = await ask({
      title: "Empty the outbox?",
      content: "What was sent is not shown any more. Messages and their deliveries stay.",
      yes: "Empty it",
      danger: true,
      act: () => local("DELETE /_local/outbox"),
    });
    if (!done) return;
    sent = await local("GET /_local/sent");
    draw();
  };
  kind.input.addEventListener("change", draw);
  text.input.addEventListener("input", draw);
  fill(
    view.main,
    h(
      "div",
      { class: "bar" },
      kind.element,
      text.element,
      h("button", { type: "button", onclick: clear }, "Empty"),
    ),
    trouble,
    list,
    asOf,
  );
  await follow(signal, SECONDS, async () => {
    try {
      const [answer] = await Promise.all([local("GET /_local/sent", {}, { query: { known: sent.changes }, signal }), others.look()]);
      if (signal.aborted) return;
      if (answer.messages) {
        const before = sent.changes < 0 ? answer.messages.length : sent.messages.length;
        if (answer.messages.length > before) announce(`${counted(answer.messages.length - before, "entry", "entries")} more.`);
        sent = answer;
      }
      fill(trouble);
      fill(asOf, `As of ${clock(new Date())}, followed live.`);
      draw();
    } catch (error) {
      if (signal.aborted) return;
      fill(trouble, failure(error));
      throw error;
    }
  });
}

const COLUMNS = [
  { title: "To", cell: (row) => h("a", { href: row.href }, row.to || "nobody") },
  { title: "Channel", cell: (row) => channelName(row.channel) },
  {
    title: "What",
    cell: (row) => [
      h("span", {}, row.summary),
      row.attachments ? h("span", { class: "faint" }, ` (${counted(row.attachments, "attachment")})`) : null,
      row.status ? [" ", statusBadge(row.status)] : null,
      row.reason ? h("div", { class: "faint" }, explained(row.reason).text) : null,
    ],
  },
  { title: "At", cell: (row) => time(row.at) },
];

function fromService(each) {
  return { ...each, href: address("/outbox/{id}", { id: each.provider_message_id }) };
}

function fits(row, kind, text) {
  if (kind === "failed" ? !row.status : kind && (row.channel !== kind || row.status)) return false;
  return text === "" || `${row.to} ${row.summary} ${row.from ?? ""}`.toLowerCase().includes(text);
}

/**
 * Follow what no service was handed: app notifications, and deliveries that failed. Each message is asked for once,
 * and again only while it waits.
 */
function unsent(environment, signal) {
  /** @type {Map<string, any>} */
  const messages = new Map();
  /** @type {Map<string, any>} */
  const inbox = new Map();

  async function look() {
    const listed = await call("GET /manage/{environment}/messages", { environment }, { query: { limit: LOOKED_THROUGH }, signal });
    const wanted = listed.data.filter((each) => !messages.get(each.message_id)?.isFinal);
    await Promise.all(
      wanted.slice(0, 10).map(async ({ message_id }) => {
        const message = await call("GET /manage/{environment}/messages/{message_id}", { environment, message_id }, { signal });
        const isFinal = message.deliveries.every((each) => each.status !== "pending");
        messages.set(message_id, { ...message, isFinal });
        if (message.deliveries.some((each) => each.channel === "app" && each.status === "success" && !inbox.has(each.id)))
          await readInbox(message.user_id);
      }),
    );
  }

  async function readInbox(user_id) {
    const query = { user_id, type: "all", per_page: LOOKED_THROUGH };
    const answer = await call("GET /neptune/app_notifications/{environment}", { environment }, { query, signal }).catch(() => ({ data: [] }));
    for (const each of answer.data) inbox.set(each.uuid, each);
  }

  function rows() {
    return [...messages.values()].flatMap((message) =>
      message.deliveries
        .filter((each) => (each.channel === "app" && each.status === "success") || ["failed", "no_contact", "no_provider"].includes(each.status))
        .map((each) => ({
          channel: each.channel,
          to: each.to ?? message.user_id,
          summary: inbox.get(each.id)?.title ?? `${message.event_type}, ${each.notification}`,
          at: each.updated_at,
          status: each.status === "success" ? null : each.status,
          reason: each.reason,
          href: address("/messages/{message_id}", { message_id: message.message_id }),
        })),
    );
  }

  return { look, rows };
}
