/** What only the stack on a developer's own machine has. */

import { call, decodesOnce } from "./api.js";

/** @type {Promise<boolean> | null} */
let asked = null;

/**
 * Tell whether this is the local stack, which says so in every answer. Asking costs no request: a browser has this very
 * file already.
 */
export function isLocal() {
  asked ??= fetch(import.meta.url, { cache: "force-cache" }).then(
    (answer) => (answer.headers.get("server") ?? "").startsWith("nereid-local"),
    () => false,
  );
  return asked;
}

/** @type {Promise<{api_token: string | null, environment: string | null}> | null} */
let session = null;

/**
 * Return what the local stack has for whoever starts it. As it also tells how it decodes paths, it is asked before
 * anything else.
 */
export function ownSession() {
  session ??= local("GET /_local/session").then((own) => {
    if (!own.aws_paths) decodesOnce();
    return own;
  });
  return session;
}

/**
 * Call one of the local stack's own routes, as `call` calls the API's.
 *
 * @param {string} operation
 * @param {Record<string, string>} [parameters]
 * @param {object} [more]
 * @param {Record<string, any>} [more.query]
 * @param {any} [more.body]
 * @param {AbortSignal} [more.signal]
 * @returns {Promise<any>}
 */
export function local(operation, parameters = {}, more = {}) {
  return call(operation, parameters, { ...more, open: true });
}
