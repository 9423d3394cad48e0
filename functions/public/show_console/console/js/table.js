/** Tables, which become a list of cards on narrow screens, and lists that come page by page. */

import { fill, h } from "./dom.js";
import { counted } from "./format.js";
import { failure, loading } from "./states.js";

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: Row) => import("./dom.js").Child} cell
 * @property {string} [kind] A class of its cells: `number`, `actions`, `words` (never broken within one) …
 */

/**
 * Make a table.
 *
 * @template Row
 * @param {string} caption What it has, for those who listen
 * @param {Column<Row>[]} columns The first one names the row
 * @param {Row[]} rows
 */
export function table(caption, columns, rows) {
  const body = h("tbody", { role: "rowgroup" }, rows.map((row) => tableRow(columns, row)));
  // Roles are said, since a browser forgets them where the style makes cards of the rows.
  return h(
    "table",
    { role: "table" },
    h("caption", { class: "unseen" }, caption),
    h(
      "thead",
      { role: "rowgroup" },
      h(
        "tr",
        { role: "row" },
        columns.map((column) => h("th", { role: "columnheader", scope: "col", class: column.kind }, column.title)),
      ),
    ),
    body,
  );
}

/**
 * @template Row
 * @param {Column<Row>[]} columns
 * @param {Row} row
 */
export function tableRow(columns, row) {
  return h(
    "tr",
    { role: "row" },
    columns.map((column, index) =>
      h(
        index === 0 ? "th" : "td",
        { role: index === 0 ? "rowheader" : "cell", scope: index === 0 ? "row" : null, class: column.kind, "data-label": column.title },
        column.cell(row),
      ),
    ),
  );
}

/**
 * Show a list page by page: the first one at once, more at the press of a button.
 *
 * @template Row
 * @param {AbortSignal} signal
 * @param {object} list
 * @param {string} list.caption
 * @param {Column<Row>[]} list.columns
 * @param {(cursor: string | null) => Promise<{rows: Row[], next: string | null}>} list.load
 * @param {() => Node} list.none What is shown if there is nothing
 * @param {string} [list.one] What one row is, for the count
 * @param {string} [list.many]
 * @returns {{element: HTMLElement, reload: () => Promise<void>}}
 */
export function pages(signal, { caption, columns, load, none, one = "row", many = `${one}s` }) {
  const element = h("div", { class: "pages" });
  let turn = 0;

  async function reload() {
    turn += 1;
    const mine = turn;
    const isStale = () => signal.aborted || mine !== turn;
    if (!element.querySelector("table")) fill(element, loading());
    element.setAttribute("aria-busy", "true");
    try {
      const first = await load(null);
      if (!isStale()) render(first, isStale);
    } catch (error) {
      if (!isStale()) fill(element, failure(error, reload));
    } finally {
      if (!isStale()) element.removeAttribute("aria-busy");
    }
  }

  function render(first, isStale) {
    if (first.rows.length === 0 && first.next === null) return fill(element, none());
    const made = table(caption, columns, first.rows);
    const body = made.querySelector("tbody");
    const count = h("p", { class: "count", "aria-live": "polite" });
    const more = h("button", { type: "button", class: "quiet" }, "Show more");
    const trouble = h("div");
    let next = first.next;
    const say = () => {
      const shown = counted(body.rows.length, one, many);
      fill(count, next === null ? shown : `The first ${shown}`);
      more.hidden = next === null;
    };
    more.addEventListener("click", async () => {
      more.disabled = true;
      fill(trouble);
      try {
        const page = await load(next);
        if (isStale()) return;
        body.append(...page.rows.map((row) => tableRow(columns, row)));
        next = page.next;
        say();
      } catch (error) {
        if (!isStale()) fill(trouble, failure(error));
      } finally {
        more.disabled = false;
      }
    });
    say();
    fill(element, made, h("div", { class: "foot" }, count, more), trouble);
  }

  return { element, reload };
}

