/** A mail to a lead: drafted for a campaign, changed by hand, sent once, and followed. */

import { call } from "./api.js";
import { place } from "./code.js";
import { ask } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { choice, field, text } from "./fields.js";
import { percent } from "./format.js";
import { badge } from "./lead_parts.js";
import { follow } from "./live.js";
import { mailFrame } from "./mail_frame.js";
import { folded } from "./parts.js";
import { address } from "./router.js";
import { announce } from "./shell.js";
import { failure, loaded } from "./states.js";
import { explained } from "./words.js";

const SECONDS = 3;
/** After these nothing more is waited for; what a reader does later is seen at the message. */
const SETTLED = new Set(["sent", "delivered", "opened", "clicked", "bounced", "complained", "failed", "mocked"]);

/**
 * @param {import("./router.js").View} view
 * @param {any} lead
 * @returns {{element: HTMLElement, load: () => Promise<void>}}
 */
export function compose(view, lead) {
  const inner = h("div");
  const element = h("section", { class: "card", "aria-labelledby": "write" }, h("h2", { id: "write" }, "Write an e-mail"), inner);
  const load = () =>
    loaded(
      inner,
      view.signal,
      async () => {
        const [{ campaigns }, { accounts }] = await Promise.all([
          call("GET /api/campaigns", {}, { signal: view.signal }),
          call("GET /api/email/accounts", {}, { signal: view.signal }),
        ]);
        return { campaigns, accounts };
      },
      (found) => (found.campaigns.length ? form(view, lead, found) : h("p", {}, "A mail belongs to a campaign. ", h("a", { href: address("/campaigns") }, "Make one"), " first.")),
    );
  return { element, load };
}

function form({ signal, query }, lead, { campaigns, accounts }) {
  const campaign = choice("Campaign", campaigns.map((each) => [each.id, `${each.name} (${each.status})`]), { onchange: anew });
  if (campaigns.some((each) => each.id === query.get("campaign"))) campaign.input.value = query.get("campaign");
  const tone = choice("Tone", [["professional", "professional"], ["casual", "casual"]]);
  const subject = field("Subject", { required: true, maxlength: 998, oninput: anew });
  const content = text("Content", { required: true, rows: 12, maxlength: 200000, oninput: anew }, "Plain text, or HTML if it has a tag. A link to unsubscribe is added.");
  const from = choice("From", [["", "the environment's address"], ...accounts.filter((each) => each.status === "connected").map((each) => [each.email, each.email])], { onchange: anew });
  const fields = new Map([["campaign_id", campaign], ["subject", subject], ["content", content], ["from", from]]);
  const notes = h("div", { "aria-live": "polite" });
  const trouble = h("div");
  const looks = h("div");
  const state = h("div", { "aria-live": "polite" });
  const draw = h("button", { type: "button", onclick: draft }, "Draft it");
  const submit = h("button", { type: "submit", class: "primary" }, "Send");
  /** One for what is written now: if an answer is lost, sending the same again sends nothing more. */
  let key = "";

  function anew() {
    key = "";
    fill(looks, content.input.value.includes("<") ? folded("How it looks", mailFrame(content.input.value, "The mail as it is written")) : null);
  }

  async function draft() {
    draw.disabled = true;
    fill(trouble);
    try {
      const body = { lead_id: lead.id, campaign_id: campaign.input.value, tone: tone.input.value };
      const { email, confidence } = await call("POST /api/ai/generate-email", {}, { body, signal });
      if (signal.aborted) return;
      subject.input.value = email.subject;
      content.input.value = email.content;
      anew();
      fill(
        notes,
        h("p", { class: "hint" }, `Written by ${email.generator === "builtin" ? "the built-in writer" : email.generator}; confidence ${percent(confidence)}, likeness to spam ${percent(email.spam_score)}.`),
        email.spam_reasons.length ? h("ul", {}, email.spam_reasons.map((each) => h("li", {}, each))) : null,
      );
    } catch (error) {
      if (!signal.aborted) fill(trouble, failure(error));
    } finally {
      draw.disabled = false;
    }
  }

  async function send(event) {
    event.preventDefault();
    fill(trouble);
    place(fields, []);
    const body = {
      lead_id: lead.id,
      campaign_id: campaign.input.value,
      subject: subject.input.value,
      content: content.input.value,
      ...(from.input.value ? { from: from.input.value } : {}),
    };
    key ||= crypto.randomUUID();
    const done = await ask({
      title: `Send it to ${lead.full_name}?`,
      content: `“${subject.input.value}” goes to ${lead.email}.`,
      yes: "Send",
      act: () => call("POST /api/email/send", {}, { body, headers: { "Idempotency-Key": key } }),
    });
    if (!done || signal.aborted) return;
    key = "";
    fill(notes);
    subject.input.value = content.input.value = "";
    anew();
    await watch(done.email_id);
  }

  async function watch(id) {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    fill(state, h("p", {}, badge("queued"), " It is on its way."));
    await follow(both, SECONDS, async () => {
      const { email } = await call("GET /api/email/{id}", { id }, { signal: both });
      if (both.aborted) return;
      const why = explained(email.reason);
      fill(
        state,
        h(
          "p",
          {},
          badge(email.status),
          ` ${email.subject} `,
          h("a", { href: address("/messages/{message_id}", { message_id: id }) }, "See its message"),
          why ? h("span", {}, ` ${why.text} ${why.advice}`) : null,
        ),
      );
      announce(`The mail is ${email.status}.`);
      if (SETTLED.has(email.status)) stop.abort();
    });
  }

  return h(
    "form",
    { onsubmit: send },
    h("div", { class: "bar" }, campaign.element, tone.element, from.element, draw),
    notes,
    subject.element,
    content.element,
    looks,
    trouble,
    h("div", { class: "buttons" }, submit),
    state,
  );
}
