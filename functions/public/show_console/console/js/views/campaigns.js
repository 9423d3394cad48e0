/** Campaigns: the list. */

import { call } from "../api.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { choice, field, text } from "../fields.js";
import { clock, counted, time } from "../format.js";
import { badge } from "../lead_parts.js";
import { CAMPAIGN_STATUSES, CAMPAIGN_TYPES } from "../lead_words.js";
import { address, go, note } from "../router.js";
import { empty, loaded } from "../states.js";
import { table } from "../table.js";

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal, query } = view;
  const status = choice("Status", [["", "any"], ...CAMPAIGN_STATUSES], { value: query.get("status") ?? "", onchange: find });
  const type = choice("Type", [["", "any"], ...CAMPAIGN_TYPES], { value: query.get("type") ?? "", onchange: find });
  const list = h("div");
  const filters = () => ({ status: status.input.value, type: type.input.value });

  function find() {
    note(address("/campaigns", {}, filters()));
    return reload();
  }

  function reload() {
    const asked = filters();
    return loaded(
      list,
      signal,
      () => call("GET /api/campaigns", {}, { query: asked, signal }),
      ({ campaigns }) => {
        if (campaigns.length)
          return [
            table("Campaigns, newest first", COLUMNS, campaigns),
            h("p", { class: "count", role: "status" }, `${counted(campaigns.length, "campaign")}, as of ${clock(new Date())}.`),
          ];
        return asked.status || asked.type
          ? empty("No campaign fits", "Loosen the filters.")
          : empty("No campaigns yet", "Make one, add leads to it, and write to them.");
      },
    );
  }

  fill(
    view.main,
    h("div", { class: "bar" }, status.element, type.element, h("button", { type: "button", class: "primary", onclick: create }, "Make a campaign")),
    list,
  );
  await reload();
}

/** @type {import("../table.js").Column<any>[]} */
const COLUMNS = [
  { title: "Campaign", cell: (each) => h("a", { href: address("/campaigns/{id}", { id: each.id }) }, each.name) },
  { title: "Type", cell: (each) => CAMPAIGN_TYPES.find(([type]) => type === each.type)?.[1] ?? each.type },
  { title: "Status", cell: (each) => badge(each.status) },
  { title: "Made", cell: (each) => time(each.created_at) },
  { title: "Changed", cell: (each) => time(each.updated_at) },
];

async function create() {
  const name = field("Name", { required: true, maxlength: 200 });
  const type = choice("Type", CAMPAIGN_TYPES);
  const description = text("Description", { rows: 3, maxlength: 2000 });
  const made = await ask({
    title: "Make a campaign",
    content: [name.element, type.element, description.element],
    yes: "Make it",
    act: () =>
      call("POST /api/campaigns", {}, {
        body: { name: name.input.value, type: type.input.value, description: description.input.value.trim() || null },
      }),
  });
  if (made) go(address("/campaigns/{id}", { id: made.campaign.id }));
}
