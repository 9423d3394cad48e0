/** Whoever is signed in. */

import { call } from "../api.js";
import { fill, h } from "../dom.js";
import { field } from "../fields.js";
import { current } from "../session.js";
import { notify } from "../shell.js";
import { submitting } from "../submitting.js";

/** @param {import("../router.js").View} view */
export async function show(view) {
  const session = current();
  if (session?.kind !== "account") {
    fill(
      view.main,
      h("p", {}, "You are signed in with an API token, which is no account: it has no password. Tokens are listed under API tokens."),
    );
    return;
  }
  const old = field("Present password", { type: "password", autocomplete: "current-password", required: true });
  const fresh = field("New password", { type: "password", autocomplete: "new-password", required: true, minlength: 8, maxlength: 128 }, "8 characters or more.");
  const trouble = h("div", { "aria-live": "polite" });
  const submit = h("button", { type: "submit", class: "primary" }, "Change the password");
  const change = submitting(submit, trouble, async (event) => {
    const body = { old_password: old.input.value, new_password: fresh.input.value };
    await call("POST /api/auth/password", {}, { body });
    event.target.reset();
    notify("The password is changed. All other sessions have ended.");
  });
  fill(
    view.main,
    h("p", {}, `You are signed in as ${session.name ?? "an account"}.`),
    h("form", { class: "card sign-in", onsubmit: change }, h("h3", {}, "Password"), old.element, fresh.element, trouble, h("div", { class: "buttons" }, submit)),
  );
}
