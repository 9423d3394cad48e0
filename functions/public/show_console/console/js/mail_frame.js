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
const REMOTE_STYLE = /url\(\s{0,9}["']?\s{0,9}(?!data:)[^)]{0,2000}\)/i;

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
  made.addEventListener("load", () => put(made, html, pictures), { once: true });
  return made;
}

function put(made, html, pictures) {
  const inside = made.contentDocument;
  if (!inside) return;
  const parsed = new made.contentWindow.DOMParser().parseFromString(withoutHandlers(html), "text/html");
  for (const element of parsed.querySelectorAll(REMOVED)) element.remove();
  for (const element of parsed.querySelectorAll("a, area, form")) disarm(element);
  for (const element of parsed.querySelectorAll("*")) unload(element, pictures);
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

/** Take handlers of events out of tags: they would not run, but a browser reports each as an error when it reads it. */
function withoutHandlers(html) {
  return html.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/([\s/"'])on[a-z]+\s*=/gi, "$1data-off="));
}

/**
 * Take out what the policy would refuse to load, which a browser reports as errors otherwise.
 *
 * @param {Element} element
 * @param {boolean} pictures Whether pictures are loaded
 */
function unload(element, pictures) {
  const withoutImports = (css) => css.replace(/@import[^;]*;?/gi, "").replace(/@font-face\s*\{[^}]*\}/gi, "");
  const clean = (css) => (pictures ? withoutImports(css) : withoutImports(css).replace(new RegExp(REMOTE_STYLE, "gi"), "none"));
  if (element.localName === "style") element.textContent = clean(element.textContent);
  if (element.hasAttribute("style")) element.setAttribute("style", clean(element.getAttribute("style")));
  if (pictures) return;
  for (const name of ["src", "srcset", "poster", "background"])
    if (element.hasAttribute(name) && !/^\s*data:image\//i.test(element.getAttribute(name))) element.removeAttribute(name);
}

/** Tell whether there are pictures that somebody else's server has. */
function hasPictures(html) {
  return /<[a-z]+\b[^<>]*\b(src|srcset|poster|background)\s*=\s*["']?\s*(?!data:)[^"'\s>]/i.test(html) || REMOTE_STYLE.test(html);
}
