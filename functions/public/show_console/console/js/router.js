/**
 * Which place is shown: the path says it, the query has its filters and the environment. Links are ordinary links.
 *
 * @typedef {object} View
 * @property {HTMLElement} main Where it is shown; it stands below the heading that the shell has made
 * @property {Record<string, string>} params What stood in the path
 * @property {URLSearchParams} query
 * @property {string} environment
 * @property {AbortSignal} signal Aborted as soon as something else is shown
 * @property {(text: string) => void} retitle Gives the place a heading of its own
 */

const ROOT = "/console";

/** @type {import("./places.js").Place[]} */
let places = [];

/** @type {(place: import("./places.js").Place | null, params: Record<string, string>) => void} */
let show = () => {};

/**
 * @param {import("./places.js").Place[]} known
 * @param {typeof show} shower
 */
export function start(known, shower) {
  places = known;
  show = shower;
  addEventListener("popstate", present);
  document.addEventListener("click", follow);
  present();
}

/** Show the present place, again if it is shown already. */
export function present() {
  const path = location.pathname.slice(ROOT.length).replace(/\/$/, "") || "/";
  for (const place of places) {
    const params = match(place.path, path);
    if (params) return show(place, params);
  }
  return show(null, {});
}

/**
 * Return the address of a place in the present environment.
 *
 * @param {string} path As places.js has it
 * @param {Record<string, string | number>} [params] What stands in the path
 * @param {Record<string, any>} [query] Those that are null, undefined or "" are left out
 */
export function address(path, params = {}, query = {}) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries({ environment: environment(), ...query }))
    if (value !== null && value !== undefined && value !== "") search.set(name, value);
  return `${ROOT}${filled === "/" ? "" : filled}${search.size ? `?${search}` : ""}`;
}

/** Go to an address. @param {string} to */
export function go(to) {
  history.pushState(null, "", to);
  present();
}

/**
 * Note in the address what is shown now, without showing anything else.
 *
 * @param {string} to
 */
export function note(to) {
  history.replaceState(null, "", to);
}

/** Return the environment that the address names. @returns {string} */
export function environment() {
  return new URLSearchParams(location.search).get("environment") ?? "";
}

function match(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== given[index] : given[index] === "") return null;
    try {
      if (name !== undefined) params[name] = decodeURIComponent(given[index]);
    } catch {
      return null;
    }
  }
  return params;
}

function follow(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
  const to = new URL(link.href);
  if (to.origin !== location.origin || !(to.pathname === ROOT || to.pathname.startsWith(`${ROOT}/`))) return;
  if (to.hash && to.pathname === location.pathname) return;
  event.preventDefault();
  go(to.href);
}
