/** Leads: found by status and industry, chosen, ranked and assigned to campaigns. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice, field } from "../fields.js";
import { clock, counted, number, time } from "../format.js";
import { badge, leadFields } from "../lead_parts.js";
import { LEAD_STATUSES } from "../lead_words.js";
import { rank, ranking } from "../ranking.js";
import { address, go, note } from "../router.js";
import { notify } from "../shell.js";
import { empty, failure } from "../states.js";
import { pages } from "../table.js";

const LIMIT = 25;
/** As many can be ranked, or assigned, at once; and as many the API lists at once. */
const MOST = 1000;
const PAGE = 100;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal, query } = view;
  const campaign = query.get("campaign") ?? "";
  const status = choice("Status", [["", "any"], ...LEAD_STATUSES], { value: query.get("status") ?? "" });
  const industry = field("Industry", { type: "search", value: query.get("industry") ?? "" });
  let filters = { status: status.input.value, industry: industry.input.value };
  /** @type {Map<string, any>} */
  const chosen = new Map();
  let total = 0;

  const asOf = h("p", { class: "as-of", "aria-live": "polite" });
  const said = h("span", { role: "status" });
  const all = h("button", { type: "button", class: "quiet", onclick: chooseAll });
  const none = h("button", { type: "button", class: "quiet", onclick: () => choose([], true) }, "Choose none");
  const acts = [
    h("button", { type: "button", onclick: rankChosen }, "Rank"),
    h("button", { type: "button", onclick: () => assign(view, chosen, campaign) }, "Add to a campaign"),
  ];
  const trouble = h("div");
  const ranked = h("section", { "aria-labelledby": "ranking", hidden: true });

  const list = pages(signal, {
    caption: "Leads, newest first",
    one: "lead",
    columns: [
      {
        title: "Lead",
        cell: (lead) => [
          h("input", {
            type: "checkbox",
            "aria-label": `Choose ${lead.full_name}`,
            "data-id": lead.id,
            checked: chosen.has(lead.id),
            onchange: (event) => (event.target.checked ? choose([lead]) : drop(lead)),
          }),
          h("span", {}, " ", h("a", { href: address("/leads/{id}", { id: lead.id }, { campaign }) }, lead.full_name)),
        ],
        kind: "chosen",
      },
      { title: "E-mail", cell: (lead) => lead.email },
      { title: "Company", cell: (lead) => [lead.job_title, lead.company].filter(Boolean).join(", ") },
      { title: "Industry", cell: (lead) => lead.industry ?? "" },
      { title: "Status", cell: (lead) => badge(lead.status) },
      { title: "Score", kind: "number", cell: (lead) => (lead.score === null ? "" : number(lead.score)) },
      { title: "Added", cell: (lead) => time(lead.created_at) },
    ],
    load: async (cursor) => {
      const page = cursor ?? 1;
      const answer = await call("GET /api/leads", {}, { query: { ...filters, page, limit: LIMIT }, signal });
      total = answer.total;
      if (!signal.aborted) {
        fill(asOf, `${counted(total, "lead")}, as of ${clock(new Date())}.`);
        say();
      }
      return { rows: answer.leads, next: page * LIMIT < total && answer.leads.length ? page + 1 : null };
    },
    none: () =>
      filters.status || filters.industry
        ? empty("No lead fits", "Loosen the filters: the industry has to be the whole one.")
        : empty("No leads yet", "Add one, or import them from a CSV file."),
  });

  function find(event) {
    event.preventDefault();
    filters = { status: status.input.value, industry: industry.input.value.trim() };
    note(address("/leads", {}, { ...filters, campaign }));
    return list.reload();
  }

  function choose(leads, anew = false) {
    if (anew) chosen.clear();
    for (const lead of leads) chosen.set(lead.id, lead);
    for (const box of list.element.querySelectorAll("input[data-id]")) box.checked = chosen.has(box.dataset.id);
    say();
  }

  function drop(lead) {
    chosen.delete(lead.id);
    say();
  }

  function say() {
    fill(said, chosen.size ? `${counted(chosen.size, "lead")} chosen.` : "No lead is chosen.");
    fill(all, total > MOST ? `Choose the newest ${number(MOST)}` : `Choose all ${number(total)}`);
    all.hidden = total === 0;
    none.hidden = chosen.size === 0;
    for (const button of acts) button.disabled = chosen.size === 0;
  }

  async function chooseAll() {
    all.disabled = true;
    fill(trouble);
    try {
      const found = [];
      for (let page = 1; found.length < Math.min(total, MOST); page += 1) {
        const answer = await call("GET /api/leads", {}, { query: { ...filters, page, limit: PAGE }, signal });
        if (!answer.leads.length) break;
        found.push(...answer.leads);
      }
      choose(found, true);
    } catch (error) {
      if (!signal.aborted) fill(trouble, failure(error));
    } finally {
      all.disabled = false;
    }
  }

  async function rankChosen() {
    const leads = new Map(chosen);
    const answer = await rank(leads);
    if (!answer || signal.aborted) return;
    fill(ranked, h("h2", { id: "ranking", tabindex: "-1" }, "Ranking"), ranking(answer, leads, { campaign }));
    ranked.hidden = false;
    ranked.querySelector("h2").focus();
    await list.reload();
  }

  async function create() {
    const made = await createLead();
    if (made) go(address("/leads/{id}", { id: made.lead.id }, { campaign }));
  }

  say();
  fill(
    view.main,
    h(
      "div",
      { class: "buttons start" },
      h("button", { type: "button", class: "primary", onclick: create }, "Add a lead"),
      h("a", { class: "button", href: address("/leads/import") }, "Import leads"),
    ),
    h(
      "form",
      { class: "bar", role: "search", "aria-label": "Find leads", onsubmit: find },
      status.element,
      industry.element,
      h("button", { type: "submit" }, "Find"),
    ),
    h("div", { class: "bar chosen-bar" }, said, all, none, acts),
    trouble,
    ranked,
    asOf,
    list.element,
  );
  await list.reload();
}

function createLead() {
  const fields = leadFields();
  return ask({
    title: "Add a lead",
    content: fields.elements,
    yes: "Add",
    act: () => call("POST /api/leads", {}, { body: fields.read() }),
  });
}

async function assign({ signal }, chosen, preferred) {
  const { campaigns } = await call("GET /api/campaigns", {}, { signal });
  if (!campaigns.length) return notify("There is no campaign yet. Make one under Campaigns.");
  const campaign = choice("Campaign", campaigns.map((each) => [each.id, `${each.name} (${each.status})`]));
  if (campaigns.some((each) => each.id === preferred)) campaign.input.value = preferred;
  const done = await ask({
    title: `Add ${counted(chosen.size, "lead")} to a campaign`,
    content: campaign.element,
    yes: "Add",
    act: () => call("POST /api/campaigns/{id}/assign-leads", { id: campaign.input.value }, { body: { lead_ids: [...chosen.keys()] } }),
  });
  return done ? notify(`${counted(done.assigned_count, "lead")} added; the others were there already.`) : undefined;
}
