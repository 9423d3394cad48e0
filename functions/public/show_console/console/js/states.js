/** What a place shows while it has nothing to show: that it loads, that there is nothing, that something went wrong. */

import { fill, h } from "./dom.js";

/** @param {string} [text] */
export function loading(text = "Loading …") {
  return h("p", { class: "state loading", role: "status" }, text);
}

/**
 * @param {string} title
 * @param {import("./dom.js").Child} text What to do next
 * @param {...import("./dom.js").Child} more
 */
export function empty(title, text, ...more) {
  return h("div", { class: "state" }, h("p", { class: "state-title" }, title), h("p", {}, text), more);
}

/** What to do about an error, by its status. */
const ADVICE = {
  0: "Check the network and whether the stack runs, then try again.",
  401: "Check the credential, and sign in again.",
  403: "Your credential may not do this. Sign in with one that may: an API token with the permission, or an Admin's account.",
  404: "It is not there, or not any more. Check the environment, and the spelling.",
  413: "Send less at once.",
  422: "Correct what is named, then try again.",
  429: "Wait a moment, then try again.",
};

/**
 * Tell what went wrong, and what to do next.
 *
 * @param {any} error
 * @param {(() => void) | null} [retry]
 */
export function failure(error, retry = null) {
  const later = error.retryAfter ? `Try again in ${error.retryAfter} s.` : null;
  const advice = later ?? error.advice ?? ADVICE[error.status] ?? "Try again in a moment. If it stays so, see the logs of the stack.";
  return h(
    "div",
    { class: "state failure", role: "alert" },
    h("p", { class: "state-title" }, error.message || "Something went wrong."),
    error.errors?.length
      ? h("ul", {}, error.errors.map((each) => h("li", {}, [each.field, each.message].filter(Boolean).join(": "))))
      : null,
    h("p", {}, advice),
    retry ? h("button", { type: "button", onclick: retry }, "Try again") : null,
  );
}

/**
 * Fill an element with what is loaded: that it loads, then the result, or the error with a button to try again.
 *
 * @template Loaded
 * @param {Element} element
 * @param {AbortSignal} signal Nothing is shown once it is aborted
 * @param {() => Promise<Loaded>} load
 * @param {(loaded: Loaded) => import("./dom.js").Child} render
 */
export async function loaded(element, signal, load, render) {
  fill(element, loading());
  element.setAttribute("aria-busy", "true");
  try {
    const found = await load();
    if (!signal.aborted) fill(element, render(found));
  } catch (error) {
    if (signal.aborted) return;
    fill(element, failure(error, () => loaded(element, signal, load, render)));
  } finally {
    element.removeAttribute("aria-busy");
  }
}
