/** What only the stack on a developer's own machine has. */

import { ApiError } from "./api.js";

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

/**
 * Call one of the local stack's own routes.
 *
 * @param {string} operation
 * @param {object} [more]
 * @param {any} [more.body]
 * @param {AbortSignal} [more.signal]
 * @returns {Promise<any>}
 */
export async function local(operation, { body, signal } = {}) {
  const [method, path] = operation.split(" ");
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, signal, body: JSON.stringify(body) }).catch((error) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "The stack did not answer.");
  });
  const content = await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiError(answer.status, content?.message ?? `The stack answered ${answer.status}.`);
  return content;
}
