/** Dead letters: records that failed too often, to be put back on their queues or deleted. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice } from "../fields.js";
import { clock, counted, time } from "../format.js";
import { json, unfolding } from "../parts.js";
import { address, note } from "../router.js";
import { notify } from "../shell.js";
import { empty, loaded } from "../states.js";
import { table } from "../table.js";

const QUEUES = ["message", "email", "sms", "push", "feedback"];
/** As many as the API shows at once. */
const LIMIT = 100;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal, query } = view;
  const queue = choice("Queue", [["", "all"], ...QUEUES.map((each) => [each, each])], { value: query.get("queue") ?? "", onchange: pick });
  const list = h("div");
  const buttons = [
    h("button", { type: "button", class: "primary", onclick: () => redrive(null) }, "Redrive all"),
    h("button", { type: "button", class: "danger", onclick: () => purge(null) }, "Delete all"),
    h("button", { type: "button", onclick: () => reload() }, "Look again"),
  ];
  fill(
    view.main,
    h("p", {}, "What failed too often lies here for 14 days. Fix the cause, then put it back on its queue."),
    h("div", { class: "bar" }, queue.element, buttons),
    list,
  );
  await reload();

  function pick() {
    note(address("/team", {}, { part: "dead-letters", queue: queue.input.value }));
    return reload();
  }

  async function reload() {
    await loaded(
      list,
      signal,
      () => call("GET /manage/dead_letters", {}, { query: { queue: queue.input.value, limit: LIMIT }, signal }),
      ({ data, more }) => {
        for (const button of buttons.slice(0, 2)) button.disabled = data.length === 0 && !more;
        const asOf = `As of ${clock(new Date())}.`;
        if (data.length === 0 && !more) return empty("No dead letters", `Nothing has failed too often. ${asOf}`);
        return [
          table("Dead letters, oldest first", columns(), data),
          h("p", { class: "count" }, counted(data.length, "letter"), more ? ", and there may be more" : "", `. ${asOf}`),
        ];
      },
    );
  }

  function columns() {
    return [
      { title: "Reason", cell: (each) => each.reason },
      { title: "What", cell: (each) => [each.queue, ": ", each.kind, each.event_types.length ? ` of ${each.event_types.join(", ")}` : "", each.environment ? ` (${each.environment})` : ""] },
      {
        title: "Messages",
        cell: (each) =>
          each.message_ids.map((message_id) =>
            h("div", {}, h("a", { href: address("/messages/{message_id}", { message_id }, { environment: each.environment }) }, message_id)),
          ),
      },
      { title: "First sent", cell: (each) => [time(each.sent_at), ` (tried ${each.receive_count} times)`] },
      { title: "Content", cell: (each) => unfolding("Show", () => json(each.body)) },
      {
        title: "Actions",
        kind: "actions",
        cell: (each) => [
          h("button", { type: "button", class: "quiet", "aria-label": `Redrive ${each.id}`, onclick: () => redrive(each) }, "Redrive"),
          " ",
          h("button", { type: "button", class: "quiet", "aria-label": `Delete ${each.id}`, onclick: () => purge(each) }, "Delete"),
        ],
      },
    ];
  }

  function selected(each) {
    if (each) return { id: each.id, queue: each.queue };
    return { all: true, ...(queue.input.value ? { queue: queue.input.value } : {}) };
  }

  async function redrive(each) {
    const done = await ask({
      title: each ? "Redrive this letter?" : `Redrive all of ${queue.input.value || "them"}?`,
      content: "It goes back on its queue and is tried as if it were new; deliveries that have ended stay as they are.",
      yes: "Redrive",
      act: () => call("POST /manage/dead_letter_redrives", {}, { body: selected(each) }),
    });
    if (!done) return;
    notify(`${counted(done.redriven, "letter")} redriven, ${done.remaining} left${done.more ? ", and there may be more: redrive again" : ""}.`);
    await reload();
  }

  async function purge(each) {
    const done = await ask({
      title: each ? "Delete this letter?" : `Delete all of ${queue.input.value || "them"}?`,
      content: "Events in it are lost; deliveries that it carries become failed.",
      yes: "Delete",
      danger: true,
      act: () => call("POST /manage/dead_letter_purges", {}, { body: selected(each) }),
    });
    if (!done) return;
    notify(`${counted(done.purged, "letter")} deleted, ${done.remaining} left${done.more ? ", and there may be more: delete again" : ""}.`);
    await reload();
  }
}
