/**
 * Calls of the API, in the name of whoever is signed in. A call is written as docs/openapi.json has it, which a test
 * compares: `call("GET /manage/{environment}/messages", { environment }, { query: { address } })`.
 */

import * as session from "./session.js";

/** An answer that is no success, or none at all. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 if nothing was answered
   * @param {string} message
   * @param {{field?: string, message: string, line?: number}[]} errors
   * @param {number | null} retryAfter In seconds
   */
  constructor(status, message, errors = [], retryAfter = null) {
    super(message);
    this.status = status;
    this.errors = errors;
    this.retryAfter = retryAfter;
    /** What to do next, where it is not what the status says. @type {string | null} */
    this.advice = null;
  }
}

/**
 * Whether the gateway decodes paths twice, as that of AWS does: of an id that holds a `?` it would take the part before
 * it, which is somebody else. See docs/deploy.md, "Ids in paths".
 */
let decodesTwice = true;

/** Say that this gateway decodes paths once. */
export function decodesOnce() {
  decodesTwice = false;
}

const WITH_TOKEN = "Sign in with an API token that has manage_users.";

/** Told when a credential is refused. @type {() => void} */
let refused = () => {};

/** @param {() => void} listener */
export function onRefused(listener) {
  refused = listener;
}

/**
 * Call an operation.
 *
 * @param {string} operation Method and path, with its parameters in braces
 * @param {Record<string, string | number>} [parameters] What stands in the path
 * @param {object} [more]
 * @param {Record<string, any>} [more.query] Those that are null, undefined or "" are left out
 * @param {any} [more.body] Sent as JSON
 * @param {string} [more.text] Sent as it is, as `type`
 * @param {string} [more.type]
 * @param {Record<string, string>} [more.headers]
 * @param {AbortSignal} [more.signal]
 * @param {boolean} [more.open] Whether it takes no credential
 * @param {string} [more.credential] Another one than that of whoever is signed in
 * @returns {Promise<any>} The answer's JSON
 * @throws {ApiError}
 */
export async function call(operation, parameters = {}, more = {}) {
  const [method, template] = operation.split(" ");
  // It would answer as to a credential that is not valid any more, which this one is.
  if (template.startsWith("/neptune/") && session.current()?.kind === "account" && !more.credential)
    throw Object.assign(new ApiError(403, "Accounts cannot see this."), { advice: WITH_TOKEN });
  const path = template.replace(/\{(\w+)\}/g, (_, name) => escaped(String(parameters[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(more.query ?? {}))
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  const address = query.size ? `${path}?${query}` : path;
  const answer = await send(method, address, more);
  if (answer.status !== 401 || more.open || more.credential) return result(answer);
  const tried = session.current();
  if (tried?.kind === "account" && (await renewed(tried))) return result(await send(method, address, more));
  if (session.current() === tried) {
    session.end();
    refused();
  }
  return result(answer);
}

function escaped(part) {
  const once = encodeURIComponent(part);
  return decodesTwice && /[?%]/.test(part) ? encodeURIComponent(once) : once;
}

async function send(method, address, { body, text, type, headers: given, signal, open, credential }) {
  const headers = { ...given };
  if (!open) headers.Authorization = `Bearer ${credential ?? session.current()?.token ?? ""}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  else if (text !== undefined) headers["Content-Type"] = type;
  try {
    return await fetch(address, { method, headers, signal, body: body === undefined ? text : JSON.stringify(body) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "The stack did not answer.");
  }
}

async function result(answer) {
  const text = await answer.text();
  let content = null;
  try {
    content = text === "" ? null : JSON.parse(text);
  } catch {
    if (answer.ok) throw new ApiError(answer.status, "The answer could not be read.");
  }
  if (answer.ok) return content;
  const said = content?.message ?? content?.error ?? `The stack answered ${answer.status}.`;
  const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
  throw new ApiError(answer.status, String(said), listed(content?.errors), Number.isNaN(seconds) ? null : seconds);
}

/** Errors by field: a list in most APIs, an object of lists in Neptune's. */
function listed(errors) {
  if (Array.isArray(errors)) return errors;
  return Object.entries(errors ?? {}).flatMap(([field, messages]) =>
    [messages].flat().map((message) => ({ field, message: String(message) })),
  );
}

/** @type {Promise<boolean> | null} */
let renewal = null;

/** Exchange an account's refresh token; calls that were refused at the same time share the exchange. */
function renewed(tried) {
  if (session.current() !== tried) return Promise.resolve(session.current() !== null);
  renewal ??= exchange(tried).finally(() => {
    renewal = null;
  });
  return renewal;
}

async function exchange(tried) {
  try {
    const fresh = await call("POST /api/auth/refresh", {}, { open: true, body: { refresh_token: tried.refresh } });
    session.begin({ ...tried, token: fresh.token, refresh: fresh.refresh_token });
    return true;
  } catch (error) {
    if (error.status === 401) return false;
    throw error;
  }
}
