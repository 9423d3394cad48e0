/** Fields for what is written as code, with numbered lines, and errors shown at the field and line that they are about. */

import { fill, h, newId } from "./dom.js";
import { counted } from "./format.js";

/** As many lines are shown at first; whoever writes more can make it larger. */
const MOST_ROWS = 20;

/**
 * @typedef {object} Trouble
 * @property {string} message
 * @property {number} [line] From 1
 */

/**
 * Return a labelled text of several lines whose lines are numbered.
 *
 * @param {string} label
 * @param {Record<string, any>} [attributes] Of the textarea
 * @param {string} [hint]
 * @returns {{input: HTMLTextAreaElement, element: HTMLElement, mark: (lines: number[]) => void}}
 */
export function code(label, attributes = {}, hint = "") {
  const { oninput, ...others } = attributes;
  const told = hint ? h("span", { class: "hint", id: newId() }, hint) : null;
  const rows = Math.min(MOST_ROWS, String(others.value ?? "").split("\n").length + 1);
  const input = h("textarea", { id: newId(), spellcheck: "false", wrap: "off", rows, "aria-describedby": told?.id, ...others });
  const numbers = h("div", { class: "numbers mono", "aria-hidden": "true" });
  let marked = [];
  const draw = () => {
    const count = input.value.split("\n").length;
    fill(numbers, Array.from({ length: count }, (_, index) => h("div", { class: marked.includes(index + 1) ? "bad" : null }, index + 1)));
    numbers.scrollTop = input.scrollTop;
  };
  input.addEventListener("input", (event) => {
    draw();
    oninput?.(event);
  });
  input.addEventListener("scroll", () => {
    numbers.scrollTop = input.scrollTop;
  });
  draw();
  return {
    input,
    element: h("div", { class: "field" }, h("label", { for: input.id }, label), h("div", { class: "code" }, numbers, input), told),
    mark: (lines) => {
      marked = lines;
      draw();
    },
  };
}

/**
 * Show at a field what is wrong with it, or that nothing is.
 *
 * @param {{input: HTMLElement, element: HTMLElement, mark?: (lines: number[]) => void}} field
 * @param {Trouble[]} troubles
 */
export function mark(field, troubles) {
  const { input, element } = field;
  const before = element.querySelector(".wrong");
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== before?.id);
  before?.remove();
  field.mark?.(troubles.map((each) => each.line).filter((line) => line !== undefined));
  if (troubles.length) {
    const list = h("span", { class: "wrong", id: newId() }, troubles.map((each) => h("span", { class: "one" }, said(input, each))));
    element.append(list);
    described.push(list.id);
    input.setAttribute("aria-invalid", "true");
  } else {
    input.removeAttribute("aria-invalid");
  }
  if (described.length) input.setAttribute("aria-describedby", described.join(" "));
  else input.removeAttribute("aria-describedby");
}

/** Tell how many things are wrong. @param {number} count */
export function wrongs(count) {
  return count === 0 ? "" : `${counted(count, "thing")} ${count === 1 ? "is" : "are"} wrong.`;
}

function said(input, { line, message }) {
  if (!(input instanceof HTMLTextAreaElement) || line === undefined) return message;
  return [h("button", { type: "button", class: "quiet", onclick: () => goTo(input, line) }, `Line ${line}`), ` ${message}`];
}

function goTo(input, line) {
  const lines = input.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  input.focus();
  input.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
}

/**
 * Show errors of the API at the fields that they are about, and take away those that were shown.
 *
 * @param {Map<string, any>} fields By their path, as errors have it
 * @param {(Trouble & {field?: string})[]} errors
 * @returns {(Trouble & {field?: string})[]} Those about none of the fields
 */
export function place(fields, errors) {
  const found = new Map();
  const rest = [];
  for (const error of errors) {
    const name = error.field ?? "";
    const path = [...fields.keys()].find((each) => name === each || name.startsWith(`${each}.`) || name.startsWith(`${each}[`));
    if (path) found.set(path, [...(found.get(path) ?? []), error]);
    else rest.push(error);
  }
  for (const [path, field] of fields) mark(field, found.get(path) ?? []);
  return rest;
}
