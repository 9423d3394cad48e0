/**
 * The places of the console: what stands behind which path, below `/console`.
 *
 * @typedef {object} Place
 * @property {string} path `{name}` stands for one part of a path
 * @property {string} title
 * @property {boolean} [listed] Whether the navigation has it
 * @property {boolean} [local] Whether it is there on the local stack alone
 * @property {{show: (view: import("./router.js").View) => any}} view
 */

import * as home from "./views/home.js";

/** @type {Place[]} */
export const PLACES = [
  { path: "/", title: "Home", listed: true, view: home },
];
