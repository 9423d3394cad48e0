/** Parts that the places of leads and campaigns share. */

import { h } from "./dom.js";
import { field } from "./fields.js";
import { LEAD_MEMBERS, LOOKS } from "./lead_words.js";

/** @param {string} status */
export function badge(status) {
  return h("span", { class: `badge ${LOOKS[status] ?? "faint"}` }, status);
}

/**
 * Make the fields of a lead.
 *
 * @param {any} lead Null for a new one
 * @returns {{fields: Map<string, any>, elements: HTMLElement[], read: () => Record<string, string | null>}}
 */
export function leadFields(lead = null) {
  const fields = new Map(
    LEAD_MEMBERS.map(([member, label, required]) => [
      member,
      field(label, { required, type: member === "email" ? "email" : "text", maxlength: member === "email" ? 254 : 200, value: lead?.[member] ?? "" }),
    ]),
  );
  return {
    fields,
    elements: [...fields.values()].map((each) => each.element),
    read: () => Object.fromEntries([...fields].map(([member, { input }]) => [member, input.value.trim() || null])),
  };
}
