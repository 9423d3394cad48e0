/** What a notification has become: a mail as it looks, a text message, a push or an app notification. */

import { h, safeLink } from "./dom.js";
import { mailFrame } from "./mail_frame.js";
import { facts, folded, json } from "./parts.js";

/**
 * @param {string} channel
 * @param {Record<string, any>} rendered As a delivery or a preview has it
 * @returns {HTMLElement}
 */
export function rendered(channel, rendered) {
  const { subject, text, html, title, body, data, action_url: leadsTo, ...others } = rendered;
  const link = safeLink(leadsTo);
  return h(
    "div",
    { class: "rendered" },
    subject || title ? h("p", { class: "subject" }, subject ?? title) : null,
    html ? mailFrame(html, channel === "email" ? `The mail "${subject ?? ""}"` : `"${title ?? ""}"`) : null,
    text && html ? folded("As text", h("pre", {}, text)) : null,
    text && !html ? h("pre", {}, text) : null,
    body ? h("p", { class: "said" }, body) : null,
    leadsTo ? h("p", {}, "Leads to ", link ? h("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, leadsTo) : leadsTo) : null,
    data && Object.keys(data).length ? folded("Data", json(data)) : null,
    facts(Object.entries(others).map(([name, value]) => [name, value === null || value === undefined ? null : short(value)])),
  );
}

function short(value) {
  return typeof value === "object" ? h("code", {}, JSON.stringify(value)) : String(value);
}
