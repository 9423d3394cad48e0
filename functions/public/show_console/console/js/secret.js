/** Secrets that are shown once. */

import { tell } from "./dialogs.js";
import { fill, h } from "./dom.js";

/**
 * Show a secret, with a button to copy it.
 *
 * @param {string} title
 * @param {string} secret
 * @param {string} [text] What it is for
 */
export async function showOnce(title, secret, text = "") {
  const said = h("p", { role: "status" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      fill(said, "Copied.");
    } catch {
      fill(said, "The browser does not let it be copied: select it above.");
    }
  };
  await tell(title, [
    h("p", {}, text, " Keep it now: it is not shown again."),
    h("pre", { tabindex: "0", "aria-label": "The secret" }, secret),
    h("p", {}, h("button", { type: "button", onclick: copy }, "Copy")),
    said,
  ]);
}
