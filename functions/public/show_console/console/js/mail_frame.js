/**
 * A mail as its reader sees it: in a frame of its own, under a policy that lets nothing run and no picture load unasked.
 * The frame's document is empty and comes from the stack with that policy; the mail is put into it from here.
 */

import { fill, h, safeLink } from "./dom.js";

/** Beside this script, which is served as one with all others. */
const DOCUMENT = new URL("mail.html", import.meta.url);
/** What has no business in a mail; the policy refuses all of it as well. */
const REMOVED = "script, base, meta, link, iframe, frame, object, embed, template, noscript";
const TALLEST = 900;

/**
 * Show the HTML of a mail.
 *
 * @param {string} html
 * @param {string} title What the frame is called, for those who listen
 * @returns {HTMLElement}
 */
export function mailFrame(html, title) {
  const element = h("div", { class: "mail-frame" });
  const bar = h("p", { class: "hint" });
  const withPictures = () => {
    fill(bar, "Pictures are loaded from their servers.");
    fill(element, bar, frame(html, title, true));
  };
  if (hasPictures(html))
    fill(
      bar,
      "Pictures are not loaded, since that tells their servers that somebody looks. ",
      h("button", { type: "button", class: "quiet", onclick: withPictures }, "Show pictures"),
    );
  fill(element, bar.hasChildNodes() ? bar : null, frame(html, title, false));
  return element;
}

function frame(html, title, pictures) {
  const address = new URL(DOCUMENT);
  if (pictures) address.searchParams.set("pictures", "1");
  // To put the mail in, the frame has to be of this origin. Nothing in it can use that: scripts do not run there.
  const made = h("iframe", {
    class: "mail",
    title,
    sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    src: address.href,
  });
  made.addEventListener("load", () => put(made, html), { once: true });
  return made;
}

function put(made, html) {
  const inside = made.contentDocument;
  if (!inside) return;
  const parsed = new made.contentWindow.DOMParser().parseFromString(html, "text/html");
  for (const element of parsed.querySelectorAll(REMOVED)) element.remove();
  for (const element of parsed.querySelectorAll("a, area, form")) disarm(element);
  inside.head.append(...[...parsed.head.querySelectorAll("style")].map((style) => inside.adoptNode(style)));
  inside.body.replaceWith(inside.adoptNode(parsed.body));
  const resize = () => {
    made.style.height = `${Math.min(inside.documentElement.scrollHeight + 4, TALLEST)}px`;
  };
  made.style.height = "4rem";
  resize();
  inside.addEventListener("load", resize, { capture: true });
}

/** Let a link open a page in a tab of its own, and do nothing else. */
function disarm(element) {
  const to = safeLink(element.getAttribute("href"));
  for (const name of ["href", "xlink:href", "action", "ping"]) element.removeAttribute(name);
  if (to === null) return;
  element.setAttribute("href", to);
  element.setAttribute("target", "_blank");
  element.setAttribute("rel", "noopener noreferrer");
}

function hasPictures(html) {
  return /<(img|image|video|table|td|th|body)\b[^>]*\b(src|srcset|href|poster|background)\s*=\s*["']?\s*(https?:)?\/\/|url\(\s*["']?\s*(https?:)?\/\//i.test(html);
}
