/** What a notification would be, shown while it is written. */

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { rendered } from "./rendered.js";
import { failure } from "./states.js";

/** How long somebody has to rest from typing until a preview is asked for. */
const REST_MILLISECONDS = 400;

/**
 * Make a preview that follows what is typed.
 *
 * @param {import("./router.js").View} view
 * @param {object} sources
 * @param {() => any} sources.notification Null if there is none to show
 * @param {() => {data: object, user_id?: string} | null} sources.sample Null while it cannot be read
 * @param {(names: string[]) => void} sources.add Gives sample values to missing variables
 * @param {(errors: any[]) => any[]} sources.marked Shows errors at their fields; returns those without one
 * @returns {{element: HTMLElement, changed: () => void, now: () => Promise<void>}}
 */
export function preview({ environment, signal }, { notification, sample, add, marked }) {
  const said = h("div", { class: "hint", role: "status" }, "The preview is being made.");
  const element = h("div");
  let timer = 0;
  let known = "";
  let controller = new AbortController();
  signal.addEventListener("abort", () => clearTimeout(timer));

  function changed() {
    clearTimeout(timer);
    timer = setTimeout(now, REST_MILLISECONDS);
  }

  async function now() {
    clearTimeout(timer);
    controller.abort();
    controller = new AbortController();
    const mine = AbortSignal.any([signal, controller.signal]);
    const given = sample();
    const shown = notification();
    if (!shown) return fill(element);
    if (!given) return fill(said, "The preview waits for the sample data.");
    const body = { notification: shown, ...given };
    try {
      const answer = await call("POST /manage/{environment}/previews", { environment }, { body, signal: mine });
      if (mine.aborted) return undefined;
      marked([]);
      const [found] = answer.previews;
      fill(said, found.when ? "As it would be sent with the sample data." : "It would not be sent with the sample data: its condition does not hold.");
      const text = JSON.stringify(found);
      if (text === known) return undefined;
      known = text;
      return fill(element, notes(found, () => add(wanted(found.missing_variables, shown))), rendered(found.channel, found.rendered));
    } catch (error) {
      if (mine.aborted) return undefined;
      if (error.status !== 422) return fill(said, failure(error, now));
      const rest = marked(error.errors.map((each) => ({ ...each, field: each.field?.replace(/^notification\./, "") })));
      fill(said, "It cannot be sent as it is; below is how it was before.");
      if (rest.length) said.append(h("ul", {}, rest.map((each) => h("li", {}, [each.field, each.message].filter(Boolean).join(": ")))));
      return undefined;
    }
  }

  return { element: h("div", {}, said, element), changed, now };
}

function notes(found, add) {
  const missing = found.missing_variables ?? [];
  const others = found.template_notes ?? [];
  if (missing.length + others.length === 0) return null;
  return h(
    "div",
    { class: "notice-inline" },
    missing.length
      ? [
          h("p", {}, "The sample data do not have: ", missing.map((name, index) => [index ? ", " : "", h("code", {}, name)]), "."),
          h("p", {}, h("button", { type: "button", class: "quiet", onclick: add }, "Add them to the sample")),
        ]
      : null,
    others.length ? h("ul", {}, others.map((each) => h("li", {}, each))) : null,
  );
}

/** The variables that are missing, down to the members that the templates want of them: of `order`, `order.number`. */
function wanted(missing, notification) {
  const templates = JSON.stringify(notification);
  return missing.flatMap((name) => {
    const inner = templates.match(new RegExp(`(?<![\\w.])${name.replace(/[^\w]/g, "\\$&")}(?:\\.\\w+)+`, "g"));
    return inner ? [...new Set(inner)] : [name];
  });
}
