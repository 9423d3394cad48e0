/** Questions that have to be answered before anything else: browsers' own dialogs, with their focus and Escape. */

import { fill, h, newId } from "./dom.js";
import { failure } from "./states.js";

/** What closes each question that is open. @type {Set<() => void>} */
const questions = new Set();

/** Take back all questions: the place that they were about is left. */
export function dismiss() {
  for (const close of questions) close();
}

/**
 * Ask in a dialog; whoever says yes sees the work done, or what went wrong with it. It cannot be closed meanwhile: its
 * result, a secret that is shown once, would be lost.
 *
 * @template Result
 * @param {object} question
 * @param {string} question.title
 * @param {import("./dom.js").Child} question.content Text, or fields of a form
 * @param {string} question.yes What the button says that does it
 * @param {boolean} [question.danger] Whether it cannot be undone
 * @param {() => Promise<Result>} question.act Does it; the dialog stays open with its error
 * @returns {Promise<Result | null>} Null if it was not done
 */
export function ask({ title, content, yes, danger = false, act }) {
  const id = newId();
  const trouble = h("div");
  const submit = h("button", { type: "submit", class: danger ? "danger" : "primary" }, yes);
  const cancel = h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel");
  const form = h(
    "form",
    {},
    h("h2", { id }, title),
    h("div", { class: "dialog-content" }, content),
    trouble,
    h("div", { class: "buttons" }, cancel, submit),
  );
  const dialog = h("dialog", { "aria-labelledby": id }, form);
  const before = document.activeElement;
  return new Promise((resolve) => {
    let result = null;
    let acting = Promise.resolve();
    const leave = () => submit.disabled || dialog.close();
    questions.add(leave);
    async function work() {
      submit.disabled = cancel.disabled = true;
      fill(trouble);
      try {
        result = await act();
        dialog.close();
      } catch (error) {
        // The page asks who it is then, and says why.
        if (error.status === 401) dialog.close();
        fill(trouble, failure(error));
        submit.disabled = cancel.disabled = false;
      }
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      acting = work();
    });
    dialog.addEventListener("cancel", (event) => submit.disabled && event.preventDefault());
    dialog.addEventListener("close", async () => {
      questions.delete(leave);
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      // A browser may close it all the same.
      await acting;
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Show something in a dialog that only wants to be closed, such as a secret that is shown once.
 *
 * @param {string} title
 * @param {import("./dom.js").Child} content
 * @returns {Promise<void>}
 */
export async function tell(title, content) {
  const id = newId();
  const close = h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close");
  const dialog = h("dialog", { "aria-labelledby": id }, h("h2", { id }, title), content, h("div", { class: "buttons" }, close));
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  dialog.remove();
}
