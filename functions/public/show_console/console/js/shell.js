/** The frame around every place: who is signed in, which environment, where one can go. */

import { call } from "./api.js";
import { dismiss } from "./dialogs.js";
import { fill, h } from "./dom.js";
import { isLocal, ownSession } from "./local.js";
import * as router from "./router.js";
import * as session from "./session.js";
import { signIn } from "./sign_in.js";
import { failure, loading } from "./states.js";

/** Set in this tab once somebody has signed out on the local stack, which would sign in again otherwise. */
const SIGNED_OUT = "nereid.signed_out";

const heading = h("h1", { tabindex: "-1" }, "Nereid");
const content = h("div", { class: "content" });
const main = h("main", { id: "main" }, heading, content);
const links = h("ul", {});
const menu = h("button", { type: "button", class: "menu quiet", "aria-expanded": "false", "aria-controls": "places" }, "Menu");
const nav = h("nav", { id: "places", "aria-label": "Places" }, links);
const chooser = h("select", { id: "environment", onchange: (event) => choose(event.target.value) });
const choice = h("div", { class: "choice", hidden: true }, h("label", { for: "environment" }, "Environment"), chooser);
const who = h("div", { class: "who" });
const announced = h("p", { class: "unseen", "aria-live": "polite" });
const notices = h("div", { class: "notices", role: "status" });

/** @type {import("./places.js").Place[]} */
let places = [];
/** @type {any[] | null} */
let environments = null;
let controller = new AbortController();
let isFirst = true;

/**
 * Put the frame into the page.
 *
 * @param {import("./places.js").Place[]} known
 */
export function build(known) {
  places = known;
  menu.addEventListener("click", () => open(menu.getAttribute("aria-expanded") !== "true"));
  document.body.append(
    h("a", { class: "skip", href: "#main" }, "Skip to the content"),
    h("header", { class: "top" }, menu, h("a", { class: "brand", href: "/console" }, "Nereid"), choice, who),
    nav,
    main,
    announced,
    notices,
  );
}

/**
 * Show a place.
 *
 * @param {import("./places.js").Place | null} place
 * @param {Record<string, string>} params
 */
export async function show(place, params) {
  controller.abort();
  controller = new AbortController();
  const { signal } = controller;
  dismiss();
  open(false);
  title(place?.title ?? "Not found");
  fill(content, loading());
  const isHere = await isLocal();
  if (isHere) await beginLocally();
  if (signal.aborted) return;
  if (!session.current()) return askWho();
  const again = () => show(place, params);
  try {
    list(place, isHere);
    const listing = known(signal).then((listed) => check(listed, signal));
    // Where the address names an environment, it most likely is there.
    if (router.environment()) listing.catch((error) => broken(error, signal, again));
    else await listing;
    if (signal.aborted || !session.current()) return;
    if (!place || (place.local && !isHere)) return missing();
    const view = {
      main: content,
      params,
      query: new URLSearchParams(location.search),
      environment: router.environment(),
      signal,
      retitle: title,
    };
    if (signal.aborted) return;
    focus();
    await place.view.show(view);
  } catch (error) {
    broken(error, signal, again);
  }
}

function broken(error, signal, again) {
  if (!signal.aborted && session.current()) fill(content, failure(error, again));
}

/** Offer the environments; if the address names none of them, go to the first. */
function check(listed, signal) {
  if (signal.aborted || !session.current()) return;
  const named = router.environment();
  if (!listed.some((each) => each.identifier === named)) {
    select(listed);
    if (named) return router.present();
  }
  offer(listed);
}

/**
 * Ask who it is that looks.
 *
 * @param {string} [why]
 */
export async function askWho(why = "") {
  controller.abort();
  controller = new AbortController();
  dismiss();
  environments = null;
  choice.hidden = true;
  fill(links);
  fill(who);
  title("Sign in");
  fill(content, signIn(await isLocal(), why, begin));
  focus();
}

/**
 * Tell something to those who cannot see that it changes.
 *
 * @param {string} text
 */
export function announce(text) {
  announced.textContent = text;
}

/**
 * Tell for a moment that something was done.
 *
 * @param {string} text
 */
export function notify(text) {
  const notice = h("p", { class: "notice" }, text);
  notices.append(notice);
  setTimeout(() => notice.remove(), 6000);
}

/**
 * Return the environments of the team, as the API lists them.
 *
 * @param {AbortSignal} signal
 */
export async function known(signal) {
  if (environments) return environments;
  const found = [];
  let cursor = null;
  do {
    const answer = await call("GET /manage/environments", {}, { query: { limit: 100, cursor }, signal });
    found.push(...answer.data);
    cursor = answer.next_cursor;
  } while (cursor);
  environments = found;
  return found;
}

/** Have the environments listed anew: one was made, changed or deleted. */
export function forgetEnvironments() {
  environments = null;
}

function begin(given) {
  sessionStorage.removeItem(SIGNED_OUT);
  session.begin(given);
  environments = null;
  router.present();
}

async function beginLocally() {
  try {
    const own = await ownSession();
    if (session.current() || sessionStorage.getItem(SIGNED_OUT) || !own.api_token) return;
    session.begin({ kind: "token", token: own.api_token, name: "Local team" });
    if (!router.environment()) select([{ identifier: own.environment }]);
  } catch {
    // Who signs in by hand gets on as well.
  }
}

async function signOut() {
  const account = session.current()?.kind === "account";
  if (account) await call("POST /api/auth/logout").catch(() => {});
  session.end();
  sessionStorage.setItem(SIGNED_OUT, "yes");
  askWho();
}

function select(listed) {
  const first = listed[0]?.identifier ?? "";
  const query = new URLSearchParams(location.search);
  query.set("environment", first);
  router.note(`${location.pathname}?${query}`);
}

function offer(listed) {
  choice.hidden = listed.length === 0;
  fill(
    chooser,
    listed.map((each) =>
      h("option", { value: each.identifier }, each.mock ? `${each.identifier} (mock)` : each.identifier),
    ),
  );
  chooser.value = router.environment();
}

function choose(identifier) {
  const query = new URLSearchParams({ environment: identifier });
  // What stood in the path belongs to the other environment.
  const [, place] = location.pathname.slice("/console".length).split("/");
  router.go(`/console${place ? `/${place}` : ""}?${query}`);
}

function list(place, isHere) {
  const listed = places.filter((each) => each.listed && (isHere || !each.local));
  const here = `/${(place?.path ?? "").split("/")[1]}`;
  fill(
    links,
    listed.map((each) =>
      h(
        "li",
        {},
        h("a", { href: router.address(each.path), "aria-current": each.path === here ? "page" : null }, each.title),
      ),
    ),
  );
  fill(
    who,
    h("span", { class: "name" }, session.current()?.name ?? ""),
    h("button", { type: "button", class: "quiet", onclick: signOut }, "Sign out"),
  );
}

function missing() {
  title("Not found");
  fill(
    content,
    h("p", {}, "There is nothing at this address. "),
    h("p", {}, h("a", { href: router.address("/") }, "Go to the beginning")),
  );
  focus();
}

function title(text) {
  heading.textContent = text;
  document.title = `${text} · Nereid`;
}

/** Let the keyboard, and who listens, go on at the heading; on the first page a browser begins there anyway. */
function focus() {
  if (!isFirst) heading.focus();
  isFirst = false;
}

function open(isOpen) {
  menu.setAttribute("aria-expanded", String(isOpen));
  nav.classList.toggle("open", isOpen);
}
