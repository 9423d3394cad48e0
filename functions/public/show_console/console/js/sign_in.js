/** The form that asks for a credential: an API token, or the address and password of an account. */

import { ApiError, call } from "./api.js";
import { h, newId } from "./dom.js";
import { field } from "./fields.js";
import { ownSession } from "./local.js";
import { failure } from "./states.js";

/**
 * @param {boolean} isHere Whether this is the local stack, which has a team to begin with
 * @param {string} why What happened to the former credential
 * @param {(session: import("./session.js").Session) => void} begin
 */
export function signIn(isHere, why, begin) {
  const kept = h("input", { type: "checkbox", id: newId() });
  const said = h("div", { "aria-live": "assertive" });
  const token = field("API token", { type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const email = field("E-mail address", { type: "email", autocomplete: "username", required: true });
  const password = field("Password", { type: "password", autocomplete: "current-password", required: true });

  const fresh = field("New password", { type: "password", autocomplete: "new-password", required: true, minlength: 8, maxlength: 128 }, "The password that you were given is good for one login: choose your own, of 8 characters or more.");

  const attempt = (make) => async (event) => {
    event.preventDefault();
    const button = event.submitter ?? event.currentTarget;
    button.disabled = true;
    said.replaceChildren();
    try {
      begin({ ...(await make()), kept: kept.checked });
    } catch (error) {
      said.replaceChildren(failure(error));
    } finally {
      button.disabled = false;
    }
  };

  const byToken = async () => {
    const given = token.input.value.trim();
    await call("GET /manage/environments", {}, { credential: given }).catch((error) => {
      throw error.status === 401 ? new ApiError(401, "This API token is not accepted.") : error;
    });
    return { kind: "token", token: given, name: named(given) };
  };
  const byAccount = async () => {
    const chosen = fresh.element.isConnected ? { new_password: fresh.input.value } : {};
    const body = { email: email.input.value.trim(), password: password.input.value, ...chosen };
    const answer = await call("POST /api/auth/login", {}, { open: true, body }).catch((error) => {
      if (error.errors?.some((each) => each.field === "new_password")) {
        password.element.after(fresh.element);
        fresh.input.focus();
      }
      throw error;
    });
    return { kind: "account", token: answer.token, refresh: answer.refresh_token, name: answer.user.email };
  };
  const byMachine = async () => {
    const given = await ownSession();
    if (!given.api_token) throw new ApiError(404, "This stack has no team of its own.");
    return { kind: "token", token: given.api_token, name: "Local team" };
  };

  return h(
    "div",
    { class: "sign-in" },
    why ? h("p", { class: "notice-inline", role: "status" }, why) : null,
    isHere
      ? h(
          "section",
          { class: "card" },
          h("h2", {}, "On this machine"),
          h("p", {}, "This stack runs locally and has a team to begin with."),
          h("button", { type: "button", class: "primary", onclick: attempt(byMachine) }, "Use the local team"),
        )
      : null,
    h(
      "form",
      { class: "card", onsubmit: attempt(byToken) },
      h("h2", {}, "With an API token"),
      token.element,
      h("button", { type: "submit", class: "primary" }, "Use this token"),
    ),
    h(
      "form",
      { class: "card", onsubmit: attempt(byAccount) },
      h("h2", {}, "With an account"),
      h("p", { class: "hint" }, "Users, inboxes and exports need an API token; an account sees everything else."),
      email.element,
      password.element,
      h("button", { type: "submit", class: "primary" }, "Sign in"),
    ),
    h(
      "p",
      { class: "check" },
      kept,
      h("label", { for: kept.id }, "Stay signed in in this tab, also when it is reloaded"),
    ),
    said,
  );
}

/** What a token says of itself, for the eye alone: the API decides what it may. */
function named(token) {
  try {
    const claims = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    return claims.name ?? "API token";
  } catch {
    return "API token";
  }
}
