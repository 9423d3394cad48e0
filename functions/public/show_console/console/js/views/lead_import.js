/** Importing leads from a CSV file, a part after the other, with the errors of its rows. */

import { call } from "../api.js";
import { decoded, split } from "../csv.js";
import { fill, h } from "../dom.js";
import { field, text } from "../fields.js";
import { counted, number } from "../format.js";
import { address } from "../router.js";
import { announce } from "../shell.js";
import { empty, failure } from "../states.js";
import { table } from "../table.js";

/** So many rows are sent at once: a part is done in a moment, and what has been done is seen. */
const PART = 100;
/** So many errors are shown; nobody reads more. */
const SHOWN = 500;

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal } = view;
  const file = field("CSV file", { type: "file", accept: ".csv,text/csv,application/vnd.ms-excel,text/plain", onchange: take });
  const pasted = text("Or paste the rows", { rows: 6, oninput: prepare }, "The first line has the names of the columns: full_name and email, and if there, company, job_title, industry.");
  const columns = field("Other names of columns", { placeholder: "Mail:email,Name:full_name" }, "Only if the file has other names: its own, a colon, ours, with commas between.");
  const ready = h("p", { class: "hint", role: "status" });
  const start = h("button", { type: "submit", class: "primary", disabled: true }, "Import");
  const progress = h("progress", { max: 1, value: 0, "aria-label": "Rows that are done" });
  const bar = h("div", { hidden: true }, progress);
  const trouble = h("div");
  const result = h("div");
  let parts = split("");
  let done = 0;
  let sums = { added: 0, updated: 0, skipped: 0 };
  let errors = [];

  async function take() {
    const [given] = file.input.files;
    if (!given) return;
    pasted.input.value = decoded(await given.arrayBuffer());
    prepare();
  }

  function prepare() {
    parts = split(pasted.input.value);
    done = 0;
    sums = { added: 0, updated: 0, skipped: 0 };
    errors = [];
    fill(trouble);
    fill(result);
    bar.hidden = true;
    start.disabled = parts.rows.length === 0;
    fill(start, "Import");
    fill(ready, parts.rows.length ? `${counted(parts.rows.length, "row")} to import.` : "There are no rows yet.");
  }

  async function run(event) {
    event.preventDefault();
    start.disabled = true;
    file.input.disabled = pasted.input.disabled = true;
    bar.hidden = false;
    fill(trouble);
    try {
      while (done < parts.rows.length) {
        const rows = parts.rows.slice(done, done + PART);
        const content = [...parts.head, ...rows].join("\n");
        const answer = await send(content).catch((error) => {
          // The names of the columns were taken with the first part: only these rows can be wrong.
          if (error.status !== 400 || done === 0) throw error;
          return { added: 0, updated: 0, skipped: 0, errors: rows.map((_, index) => ({ row: index + 1, message: error.message })) };
        });
        for (const name of Object.keys(sums)) sums[name] += answer[name];
        errors.push(...answer.errors.map((each) => ({ ...each, row: each.row + done })));
        done += rows.length;
        progress.value = done / parts.rows.length;
        summary();
      }
      announce(said());
    } catch (error) {
      if (signal.aborted) return;
      summary();
      start.disabled = false;
      fill(start, done ? "Go on with the rest" : "Import");
      fill(trouble, failure(error));
    } finally {
      file.input.disabled = pasted.input.disabled = false;
    }
  }

  function send(content) {
    const query = { columns: columns.input.value.trim() };
    return call("POST /api/leads/import", {}, { query, text: content, type: "text/csv; charset=utf-8", signal });
  }

  function said() {
    const { added, updated, skipped } = sums;
    return `${number(done)} of ${counted(parts.rows.length, "row")} done: ${number(added)} added, ${number(updated)} updated, ${number(skipped)} without a difference, ${counted(errors.length, "error")}.`;
  }

  function summary() {
    const isDone = done === parts.rows.length;
    fill(
      result,
      h("p", {}, said()),
      errors.length
        ? [
            h("h2", {}, "Rows that could not be taken"),
            table(
              "Rows that could not be taken",
              [
                { title: "Row", cell: (each) => number(each.row) },
                { title: "What is wrong", cell: (each) => each.message },
                { title: "Content", cell: (each) => h("code", {}, parts.rows[each.row - 1] ?? "") },
              ],
              errors.slice(0, SHOWN),
            ),
            errors.length > SHOWN ? h("p", { class: "count" }, `The first ${number(SHOWN)} of them.`) : null,
            isDone ? h("p", {}, h("button", { type: "button", onclick: keep }, "Correct these rows")) : null,
          ]
        : null,
      isDone && !errors.length ? empty("Everything is imported", h("a", { href: address("/leads") }, "See the leads")) : null,
    );
  }

  /** Leave what could not be taken to be corrected, and imported again. */
  function keep() {
    pasted.input.value = [...parts.head, ...errors.map((each) => parts.rows[each.row - 1])].join("\n");
    prepare();
    pasted.input.focus();
  }

  fill(
    view.main,
    h("p", {}, h("a", { href: address("/leads") }, "All leads")),
    h("p", { class: "hint" }, "An address that is known already is updated by what its row has. Up to 1,000 rows an hour can be imported; it is safe to import a file again."),
    h("form", { class: "card", onsubmit: run }, file.element, pasted.element, columns.element, ready, h("div", { class: "buttons" }, start)),
    bar,
    trouble,
    h("div", { "aria-live": "off" }, result),
  );
  prepare();
}
