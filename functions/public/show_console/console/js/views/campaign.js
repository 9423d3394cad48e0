/** One campaign: what it is, whom it reaches, and what became of its mails. */

import { call } from "../api.js";
import { curve } from "../curve.js";
import { fill, h } from "../dom.js";
import { choice, field, text } from "../fields.js";
import { clock, counted, number, percent, time } from "../format.js";
import { badge } from "../lead_parts.js";
import { CAMPAIGN_STATUSES } from "../lead_words.js";
import { facts, json } from "../parts.js";
import { address } from "../router.js";
import { notify } from "../shell.js";
import { empty, loaded, loading } from "../states.js";
import { submitting } from "../submitting.js";
import { pages } from "../table.js";

/** How many leads are listed at a time. */
const PAGE = 50;
const TIMEFRAMES = [["7d", "7 days"], ["30d", "30 days"], ["90d", "90 days"]];
const LINES = { sent: "Sent", delivered: "Delivered", opened: "Opened", clicked: "Clicked" };
/** Numbers with the rate that belongs to each. */
const METRICS = [
  ["sent", "Sent", null],
  ["delivered", "Delivered", "delivery_rate"],
  ["opened", "Opened", "open_rate"],
  ["clicked", "Clicked", "click_rate"],
  ["bounced", "Bounced", "bounce_rate"],
  ["complained", "Complained", null],
  ["unsubscribed", "Unsubscribed", "unsubscribe_rate"],
];

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal, params, main } = view;
  fill(main, loading());
  const { campaign } = await call("GET /api/campaigns/{id}", { id: params.id }, { signal });
  if (signal.aborted) return;
  const settings = h("div");
  const performance = h("div");
  const timeframe = choice("Of the last", TIMEFRAMES, { value: "30d", onchange: () => measure(view, performance, timeframe) });
  const members = assigned(view);
  draw(view, settings, campaign);
  fill(
    main,
    h("p", {}, h("a", { href: address("/campaigns") }, "All campaigns")),
    h("p", { class: "buttons start" }, h("a", { class: "button", href: address("/leads", {}, { campaign: campaign.id }) }, "Choose leads and write to them")),
    h(
      "section",
      { "aria-labelledby": "performance" },
      h("h2", { id: "performance" }, "What became of its mails"),
      h("div", { class: "bar" }, timeframe.element, h("button", { type: "button", onclick: () => measure(view, performance, timeframe) }, "Look again")),
      performance,
    ),
    h("section", { "aria-labelledby": "leads" }, h("h2", { id: "leads" }, "Its leads"), members.element),
    settings,
  );
  await Promise.all([measure(view, performance, timeframe), members.reload()]);
}

function assigned({ signal, params }) {
  return pages(signal, {
    caption: "Leads of the campaign, those made last first",
    one: "lead",
    columns: [
      { title: "Name", cell: (lead) => h("a", { href: address("/leads/{id}", { id: lead.id }, { campaign: params.id }) }, lead.full_name) },
      { title: "Address", cell: (lead) => lead.email },
      { title: "Company", cell: (lead) => lead.company ?? "" },
      { title: "Status", cell: (lead) => badge(lead.status) },
      { title: "Score", kind: "number", cell: (lead) => (lead.score === null ? "" : number(lead.score)) },
    ],
    load: async (cursor) => {
      const page = cursor ? Number(cursor) : 1;
      const { leads, total } = await call("GET /api/campaigns/{id}/leads", { id: params.id }, { query: { page, limit: PAGE }, signal });
      return { rows: leads, next: page * PAGE < total ? String(page + 1) : null };
    },
    none: () => empty("No leads in the campaign", "Choose some under Leads, and add them to it."),
  });
}

function measure({ signal, params }, element, timeframe) {
  const query = { campaign_id: params.id, timeframe: timeframe.input.value };
  return loaded(
    element,
    signal,
    () => call("GET /api/analytics/campaign-performance", {}, { query, signal }),
    ({ metrics, trends }) => [
      h("p", { class: "as-of" }, `${counted(metrics.leads_assigned, "lead")} ${metrics.leads_assigned === 1 ? "is" : "are"} in the campaign. As of ${clock(new Date())}.`),
      h(
        "div",
        { class: "grid channels" },
        METRICS.map(([member, name, rate]) =>
          h("div", { class: "card" }, h("h3", {}, name), h("p", { class: "figure" }, number(metrics[member])), rate ? h("p", { class: "hint" }, percent(metrics[rate])) : null),
        ),
      ),
      h("div", { class: "card" }, curve(`Mails of the campaign, by day, of the last ${trends.length} days`, trends, LINES)),
    ],
  );
}

function draw(view, element, campaign) {
  view.retitle(campaign.name);
  const name = field("Name", { required: true, maxlength: 200, value: campaign.name });
  const description = text("Description", { rows: 3, maxlength: 2000, value: campaign.description ?? "" });
  const status = choice("Status", CAMPAIGN_STATUSES, { value: campaign.status });
  const trouble = h("div", { "aria-live": "polite" });
  const submit = h("button", { type: "submit", class: "primary" }, "Save");

  const save = submitting(submit, trouble, async () => {
    const body = { name: name.input.value, description: description.input.value.trim() || null, status: status.input.value };
    const answer = await call("PUT /api/campaigns/{id}", { id: campaign.id }, { body });
    notify(`${answer.campaign.name} is saved.`);
    if (!view.signal.aborted) draw(view, element, answer.campaign);
  });

  const audience = campaign.target_audience;
  fill(
    element,
    h(
      "form",
      { class: "card", onsubmit: save },
      h("h2", {}, "Settings"),
      facts([
        ["Status", badge(campaign.status)],
        ["Type", campaign.type],
        ["Made", time(campaign.created_at)],
        ["Audience", audience && Object.keys(audience).length ? json(audience) : null],
      ]),
      name.element,
      description.element,
      status.element,
      trouble,
      h("div", { class: "buttons" }, submit),
    ),
  );
}
