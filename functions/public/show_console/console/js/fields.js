/** Fields of forms, each with its label. */

import { h, newId } from "./dom.js";

/**
 * Return a labelled input.
 *
 * @param {string} label
 * @param {Record<string, any>} attributes
 */
export function field(label, attributes) {
  const input = h("input", { id: newId(), ...attributes });
  return { input, element: h("p", { class: "field" }, h("label", { for: input.id }, label), input) };
}
