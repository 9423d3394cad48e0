/** The form of one notification of an event type: what it says on its channel, to whom, and when. */

import { code, mark, place } from "./code.js";
import { h } from "./dom.js";
import { check, choice, field, text } from "./fields.js";
import { folded } from "./parts.js";

/**
 * @typedef {object} Member
 * @property {string} path As errors of the API have it, within the notification
 * @property {string} label
 * @property {"line" | "code" | "list" | "json" | "number" | "check" | "choice"} kind
 * @property {string} [hint]
 * @property {[string, string][]} [options] Of a choice
 * @property {any} [ticked] What a ticked box stands for, if not true
 */

/** @type {Record<string, Member[]>} */
const TEMPLATE = {
  email: [
    { path: "template.subject", label: "Subject", kind: "line" },
    { path: "template.text", label: "Text", kind: "code", hint: "Made of the HTML if left out." },
    { path: "template.html", label: "HTML", kind: "code", hint: "What data bring is escaped, unless it goes through safe." },
  ],
  sms: [{ path: "template.text", label: "Text", kind: "code" }],
  push: [
    { path: "template.title", label: "Title", kind: "line" },
    { path: "template.body", label: "Body", kind: "code" },
  ],
  app: [
    { path: "template.title", label: "Title", kind: "line" },
    { path: "template.body", label: "Body", kind: "code" },
    { path: "template.html", label: "HTML", kind: "code" },
    { path: "template.action_url", label: "Leads to (URL)", kind: "line" },
  ],
};

/** @type {Record<string, Member[]>} */
const MORE = {
  email: [
    { path: "template.from", label: "From", kind: "line", hint: "An address, or Name <address>; the environment's if left out." },
    { path: "template.reply_to", label: "Reply to", kind: "line" },
    { path: "template.cc", label: "Cc", kind: "list" },
    { path: "template.bcc", label: "Bcc", kind: "list" },
    { path: "template.tracking", label: "Track whether it is opened and its links are followed", kind: "check" },
    { path: "template.attachments", label: "Attachments", kind: "json" },
    { path: "template.headers", label: "Headers", kind: "json" },
  ],
  sms: [{ path: "template.template_id", label: "Template id (India)", kind: "line" }],
  push: [
    { path: "template.data", label: "Data", kind: "json" },
    { path: "template.badge", label: "Badge", kind: "line" },
    { path: "template.sound", label: "Sound", kind: "line" },
    { path: "template.channel", label: "Channel of Android", kind: "line" },
    { path: "template.collapse", label: "Replaces others with this key", kind: "line" },
    { path: "template.priority", label: "Priority on the device", kind: "choice", options: [["", "as usual"], ["high", "high"], ["normal", "normal"]] },
    { path: "template.time_to_live", label: "Given up by the platform after (seconds)", kind: "number" },
  ],
  app: [
    { path: "template.data", label: "Data", kind: "json" },
    { path: "template.image", label: "Image (URL)", kind: "line" },
    { path: "template.read_on_show", label: "Counts as read once it is shown", kind: "check" },
    { path: "template.expires_in", label: "Leaves the inbox after (seconds)", kind: "number" },
  ],
};

/** @type {Member[]} */
const TO = [
  { path: "to.filterable", label: "Only contacts marked as", kind: "list" },
  { path: "to.verified", label: "Only contacts that a server, a token or a user token gave", kind: "check" },
];

/** @type {Member[]} */
const COMMON = [
  { path: "when", label: "Only when", kind: "line", hint: "A condition of Liquid, such as data.total > 100." },
  {
    path: "retry",
    label: "If it is unknown whether it was sent",
    kind: "choice",
    options: [["", "send it again"], ["at_most_once", "leave it"]],
  },
  { path: "priority", label: "Priority", kind: "choice", options: [["", "as usual"], ["high", "high"], ["normal", "normal"]] },
  { path: "expires_in", label: "Not sent any more after (seconds)", kind: "number" },
  { path: "missing", label: "Fails if a variable is missing", kind: "check", ticked: "fail" },
];

/** A first notification for each channel, which shows how one is written. @type {Record<string, object>} */
export const EXAMPLES = {
  email: { subject: "Hello {{ name }}", text: "Hello {{ name }},\n\n…\n" },
  sms: { text: "Hello {{ name }}" },
  push: { title: "Hello", body: "Hello {{ name }}" },
  app: { title: "Hello", body: "Hello {{ name }}" },
};

/**
 * Make the form of a notification, which it changes in place.
 *
 * @param {any} notification
 * @param {() => void} changed Called after each change
 * @returns {{element: HTMLElement, show: (errors: {field?: string, line?: number, message: string}[]) => typeof errors, faults: () => number}}
 *   `show` marks the fields that errors are about and returns the errors that are about none; `faults` counts what
 *   cannot be read yet
 */
export function notificationForm(notification, changed) {
  /** @type {Map<string, any>} */
  const fields = new Map();
  const unread = new Map();
  const { channel } = notification;
  const make = (member) => {
    const made = fieldOf(member, read(notification, member.path), (value, fault) => {
      if (fault) unread.set(member.path, fault);
      else {
        unread.delete(member.path);
        write(notification, member.path, value);
      }
      mark(made, fault ? [fault] : []);
      changed();
    });
    fields.set(member.path, made);
    return made.element;
  };
  const main = TEMPLATE[channel].map(make);
  const others = [...COMMON, ...(channel === "app" ? [] : TO), ...MORE[channel]];
  const more = folded("More settings", others.map(make));
  more.open = others.some((member) => read(notification, member.path) !== undefined && read(notification, member.path) !== null);
  return {
    element: h("div", {}, main, more),
    faults: () => unread.size,
    show: (errors) => {
      const faults = [...unread].map(([path, fault]) => ({ ...fault, field: path }));
      const rest = place(fields, [...faults, ...errors]);
      if (more.querySelector("[aria-invalid]")) more.open = true;
      return rest;
    },
  };
}

/** Return a field for a member; `changed` is given its value, or what is wrong with what was typed. */
function fieldOf({ label, kind, hint = "", options = [], ticked = true }, value, changed) {
  if (kind === "check") {
    const made = check(label, { checked: value === ticked, onchange: () => changed(made.input.checked ? ticked : undefined) });
    return made;
  }
  if (kind === "choice") {
    const known = options.some(([each]) => each === value) ? value : "";
    const made = choice(label, options, { value: known, onchange: () => changed(made.input.value || undefined) }, hint);
    return made;
  }
  if (kind === "list") {
    const oninput = () => {
      const given = made.input.value.split("\n").map((line) => line.trim()).filter(Boolean);
      changed(given.length ? given : undefined);
    };
    const made = text(label, { rows: 2, class: "short", value: [value ?? []].flat().join("\n"), oninput }, hint || "One to a line.");
    return made;
  }
  if (kind === "json") {
    const oninput = () => {
      if (made.input.value.trim() === "") return changed(undefined);
      try {
        return changed(JSON.parse(made.input.value));
      } catch {
        return changed(undefined, { message: "This is no JSON yet." });
      }
    };
    const made = code(label, { value: value === undefined || value === null ? "" : JSON.stringify(value, null, 2), oninput }, hint || "As JSON.");
    return made;
  }
  if (kind === "number") {
    const oninput = () => changed(made.input.value === "" ? undefined : Number(made.input.value));
    const made = field(label, { type: "number", min: 0, step: 1, value: value ?? "", oninput }, hint);
    return made;
  }
  const oninput = () => changed(made.input.value === "" ? undefined : made.input.value);
  const made = (kind === "code" ? code : field)(label, { value: value ?? "", oninput }, hint);
  return made;
}

function read(notification, path) {
  return path.split(".").reduce((inner, name) => inner?.[name], notification);
}

function write(notification, path, value) {
  const names = path.split(".");
  const last = names.pop();
  let inner = notification;
  for (const name of names) inner = inner[name] ??= {};
  if (value === undefined) delete inner[last];
  else inner[last] = value;
  if (notification.to && Object.keys(notification.to).length === 0) delete notification.to;
}
