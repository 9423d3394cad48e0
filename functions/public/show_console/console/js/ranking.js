/** Ranking leads: what counts, and why each has its place. */

import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { field, text } from "./fields.js";
import { counted, number } from "./format.js";
import { badge } from "./lead_parts.js";
import { folded } from "./parts.js";
import { address } from "./router.js";
import { table } from "./table.js";

const CRITERIA = [
  ["industries", "Industries wanted"],
  ["job_titles", "Job titles wanted"],
  ["companies", "Companies wanted"],
];

/** The factors with the weights that they have of themselves. */
const FACTORS = [
  ["job_title", "Job title", 30],
  ["industry", "Industry", 25],
  ["company", "Company", 15],
  ["email", "E-mail address", 10],
  ["completeness", "Completeness", 10],
  ["engagement", "Engagement", 10],
];

/**
 * Ask what counts, then rank leads.
 *
 * @param {Map<string, any>} leads By their ids
 * @returns {Promise<any>} The API's answer, null if it was not done
 */
export function rank(leads) {
  const wanted = CRITERIA.map(([name, label]) => [name, text(label, { rows: 2, class: "short" }, "One to a line; a part of the value is enough.")]);
  const weights = FACTORS.map(([name, label, weight]) => [name, field(label, { type: "number", min: 0, step: "any", required: true, value: weight })]);
  return ask({
    title: `Rank ${counted(leads.size, "lead")}`,
    content: [wanted.map(([, each]) => each.element), folded("Weights", h("div", { class: "bar" }, weights.map(([, each]) => each.element)))],
    yes: "Rank",
    act: () => {
      const criteria = { weights: Object.fromEntries(weights.map(([name, { input }]) => [name, Number(input.value)])) };
      for (const [name, { input }] of wanted) {
        const given = input.value.split("\n").map((line) => line.trim()).filter(Boolean);
        if (given.length) criteria[name] = given;
      }
      return call("POST /api/ai/rank-leads", {}, { body: { lead_ids: [...leads.keys()], criteria } });
    },
  });
}

/**
 * Show a ranking with the reasons of each place.
 *
 * @param {any} answer
 * @param {Map<string, any>} leads By their ids
 * @param {Record<string, string>} query Of the links to leads
 */
export function ranking({ rankings, summary }, leads, query) {
  const { tiers } = summary;
  return [
    h(
      "p",
      {},
      `${counted(summary.total, "lead")}, ${number(summary.average_score)} points on average: ${tiers.hot} hot, ${tiers.warm} warm, ${tiers.cold} cold. The scores are stored with the leads.`,
    ),
    table(
      "Leads by rank",
      [
        {
          title: "Lead",
          cell: ({ lead_id: id, rank: place }) => [`${place}. `, h("a", { href: address("/leads/{id}", { id }, query) }, leads.get(id)?.full_name ?? id)],
        },
        { title: "Score", kind: "number", cell: (each) => number(each.score) },
        { title: "Tier", cell: (each) => badge(each.tier) },
        { title: "Why", cell: (each) => folded("The factors", factors(each)) },
      ],
      rankings,
    ),
  ];
}

function factors({ factors: each }) {
  const names = new Map(FACTORS.map(([name, label]) => [name, label]));
  return h(
    "ul",
    {},
    each.map((one) =>
      h("li", {}, `${names.get(one.name) ?? one.name}: `, h("b", {}, number(one.contribution)), ` points (weight ${number(one.weight)}, value ${number(one.value)}). ${one.reason}`),
    ),
  );
}
