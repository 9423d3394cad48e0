/** What previews are made with: sample data, and the user whom they are for. Kept while the page is open. */

import { call } from "./api.js";
import { code, mark } from "./code.js";
import { h } from "./dom.js";
import { field } from "./fields.js";
import { onEnd } from "./session.js";
import { notify } from "./shell.js";

/** @type {Map<string, {data: string, user_id: string}>} */
const kept = new Map();
onEnd(() => kept.clear());

/**
 * Make the fields for the sample.
 *
 * @param {import("./router.js").View} view Of an event type
 * @param {() => void} changed
 * @returns {{element: HTMLElement, read: () => {data: object, user_id?: string} | null, add: (names: string[]) => void}}
 *   `read` returns null while the data cannot be read; `add` gives values to variables that are missing
 */
export function sample({ environment, params, signal }, changed) {
  const { event_type } = params;
  const key = JSON.stringify([environment, event_type]);
  const before = kept.get(key) ?? { data: "{\n  \"name\": \"Sam\"\n}", user_id: "" };
  const data = code("Sample data (JSON)", { value: before.data, oninput: changed, rows: 7 });
  const user = field("As the user (id)", { value: before.user_id, oninput: changed }, "Its own values fill user; nothing is sent.");

  const put = (value) => {
    data.input.value = JSON.stringify(value, null, 2);
    data.input.dispatchEvent(new Event("input"));
  };
  const take = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const listed = await call("GET /manage/{environment}/messages", { environment }, { query: { event_type, limit: 1 }, signal });
      const [found] = listed.data;
      if (!found) return notify("No event of this type has come yet.");
      const { message_id } = found;
      const message = await call("GET /manage/{environment}/messages/{message_id}", { environment, message_id }, { signal });
      user.input.value = message.user_id ?? "";
      return put(message.data ?? {});
    } catch (error) {
      if (!signal.aborted) notify(error.message);
      return undefined;
    } finally {
      button.disabled = false;
    }
  };
  const read = () => {
    kept.set(key, { data: data.input.value, user_id: user.input.value });
    try {
      const given = JSON.parse(data.input.value.trim() || "{}");
      const isObject = given !== null && typeof given === "object" && !Array.isArray(given);
      mark(data, isObject ? [] : [{ message: "The data have to be an object: {…}." }]);
      return isObject ? { data: given, ...(user.input.value.trim() ? { user_id: user.input.value.trim() } : {}) } : null;
    } catch {
      mark(data, [{ message: "This is no JSON yet." }]);
      return null;
    }
  };
  return {
    element: h(
      "div",
      {},
      data.element,
      user.element,
      h("p", {}, h("button", { type: "button", class: "quiet", onclick: take }, "Take those of the last event")),
    ),
    read,
    add: (names) => {
      const given = read();
      if (!given) return;
      for (const name of names) set(given.data, name.split("."), "…");
      put(given.data);
    },
  };
}

/** Give a value to a variable as templates name it, `order.city` or `data.order.city`. */
function set(data, path, value) {
  const names = path[0] === "data" && path.length > 1 ? path.slice(1) : path;
  let inner = data;
  for (const name of names.slice(0, -1)) {
    if (!Object.hasOwn(inner, name) || inner[name] === null || typeof inner[name] !== "object") define(inner, name, {});
    inner = inner[name];
  }
  define(inner, names[names.length - 1], value);
}

/** A variable may be called `__proto__`. */
function define(object, name, value) {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
