/** Home: what the last hours brought, and what wants attention. */

import { call } from "../api.js";
import { h } from "../dom.js";
import { number } from "../format.js";
import { loaded } from "../states.js";

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal } = view;
  await loaded(
    view.main,
    signal,
    () => call("GET /manage/{environment}/overview", { environment }, { query: { hours: 24 }, signal }),
    (overview) => h("p", {}, `${number(overview.accepted)} events in 24 hours`),
  );
}
