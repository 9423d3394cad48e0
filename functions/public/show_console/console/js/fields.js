/** Fields of forms, each with its label. */

import { h, newId } from "./dom.js";

/**
 * Return a labelled input.
 *
 * @param {string} label
 * @param {Record<string, any>} [attributes] Of the input
 * @param {string} [hint]
 * @returns {{input: HTMLInputElement, element: HTMLElement}}
 */
export function field(label, attributes = {}, hint = "") {
  return labelled(label, h("input", { id: newId(), autocomplete: "off", ...attributes }), hint);
}

/**
 * Return a labelled choice.
 *
 * @param {string} label
 * @param {[string, string][]} options Values with their texts
 * @param {Record<string, any>} [attributes]
 * @param {string} [hint]
 */
export function choice(label, options, attributes = {}, hint = "") {
  const { value, ...others } = attributes;
  const texts = options.map(([each, text]) => h("option", { value: each }, text));
  const input = h("select", { id: newId(), ...others }, texts);
  if (value !== undefined) input.value = value;
  return labelled(label, input, hint);
}

/**
 * Return a labelled text of several lines.
 *
 * @param {string} label
 * @param {Record<string, any>} [attributes]
 * @param {string} [hint]
 */
export function text(label, attributes = {}, hint = "") {
  return labelled(label, h("textarea", { id: newId(), spellcheck: "false", ...attributes }), hint);
}

/**
 * Return a labelled box to tick.
 *
 * @param {string} label
 * @param {Record<string, any>} [attributes]
 */
export function check(label, attributes = {}) {
  const input = h("input", { type: "checkbox", id: newId(), ...attributes });
  return { input, element: h("p", { class: "check" }, input, h("label", { for: input.id }, label)) };
}

function labelled(label, input, hint) {
  const told = hint ? h("span", { class: "hint", id: newId() }, hint) : null;
  if (told) input.setAttribute("aria-describedby", told.id);
  return { input, element: h("p", { class: "field" }, h("label", { for: input.id }, label), input, told) };
}
