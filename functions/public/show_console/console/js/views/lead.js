/** One lead: who it is, and a mail to it. */

import { call } from "../api.js";
import { place, wrongs } from "../code.js";
import { compose } from "../compose.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice } from "../fields.js";
import { number, time } from "../format.js";
import { badge, leadFields } from "../lead_parts.js";
import { LEAD_CHOICES } from "../lead_words.js";
import { facts } from "../parts.js";
import { address, go } from "../router.js";
import { notify } from "../shell.js";
import { failure, loading } from "../states.js";
import { submitting } from "../submitting.js";

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal, params, main } = view;
  fill(main, loading());
  const { lead } = await call("GET /api/leads/{id}", { id: params.id }, { signal });
  if (signal.aborted) return;
  const profile = h("div");
  const writing = compose(view, lead);
  draw(view, profile, lead);
  fill(main, h("p", {}, h("a", { href: address("/leads") }, "All leads")), h("div", { class: "writing" }, profile, writing.element));
  await writing.load();
}

function draw(view, element, lead) {
  view.retitle(lead.full_name);
  const fields = leadFields(lead);
  // What the system has set is not for anybody to choose.
  const isSet = !LEAD_CHOICES.some(([each]) => each === lead.status);
  const status = choice("Status", isSet ? [["", `${lead.status} (leave it)`], ...LEAD_CHOICES] : LEAD_CHOICES, { value: isSet ? "" : lead.status });
  const trouble = h("div", { "aria-live": "polite" });
  const submit = h("button", { type: "submit", class: "primary" }, "Save");

  async function act() {
    const body = { ...fields.read(), ...(status.input.value ? { status: status.input.value } : {}) };
    const answer = await call("PUT /api/leads/{id}", { id: lead.id }, { body });
    notify(`${answer.lead.full_name} is saved.`);
    if (!view.signal.aborted) draw(view, element, answer.lead);
  }

  const save = submitting(submit, trouble, act, (error) => {
    const rest = place(fields.fields, error.errors ?? []);
    const shown = (error.errors ?? []).length - rest.length;
    fill(trouble, shown && !rest.length ? h("p", { class: "bad" }, wrongs(shown)) : failure(Object.assign(error, { errors: rest })));
  });

  async function erase() {
    const done = await ask({
      title: `Delete ${lead.full_name}?`,
      content: "It leaves its campaigns, too. Mails that were sent stay.",
      yes: "Delete",
      danger: true,
      act: () => call("DELETE /api/leads/{id}", { id: lead.id }),
    });
    if (done) go(address("/leads"));
  }

  fill(
    element,
    h(
      "form",
      { class: "card", onsubmit: save },
      facts([
        ["Status", badge(lead.status)],
        ["Score", lead.score === null ? "not ranked yet" : number(lead.score)],
        ["Added", time(lead.created_at)],
        ["Changed", time(lead.updated_at)],
      ]),
      h("h2", {}, "Details"),
      fields.elements,
      status.element,
      trouble,
      h("div", { class: "buttons" }, h("button", { type: "button", class: "quiet", onclick: erase }, "Delete"), submit),
    ),
  );
}
