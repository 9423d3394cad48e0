/**
 * Who is signed in. Kept in memory, and in this tab's sessionStorage if that was chosen; never anywhere else.
 *
 * @typedef {object} Session
 * @property {"token" | "account"} kind
 * @property {string} token An API token, or the access token of an account
 * @property {string} [refresh] An account's refresh token
 * @property {string} [name] Whom the console says is signed in
 * @property {boolean} [kept] Whether a reload of the tab keeps it
 */

const KEY = "nereid.session";

/** @type {Session | null} */
let session = read();

/** @returns {Session | null} */
export function current() {
  return session;
}

/** @param {Session} given */
export function begin(given) {
  session = given;
  if (given.kept) sessionStorage.setItem(KEY, JSON.stringify(given));
  else sessionStorage.removeItem(KEY);
}

/** @type {(() => void)[]} */
const listeners = [];

/** Have something forgotten with the credential: what was written or shown in its name. @param {() => void} listener */
export function onEnd(listener) {
  listeners.push(listener);
}

/** Forget the credential. */
export function end() {
  session = null;
  for (const listener of listeners) listener();
  sessionStorage.removeItem(KEY);
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}
