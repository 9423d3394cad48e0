/** One event type: each of its notifications written beside a preview of it, tried, saved, and copied elsewhere. */

import { call } from "../api.js";
import { copyTo, settings } from "../copy_event_type.js";
import { wrongs } from "../code.js";
import { ask } from "../dialogs.js";
import { fill, h, newId } from "../dom.js";
import { check, choice, field } from "../fields.js";
import { EXAMPLES, notificationForm } from "../notification_form.js";
import { channelName, download } from "../parts.js";
import { preview } from "../preview.js";
import { address, go } from "../router.js";
import { sample } from "../sample.js";
import { onEnd } from "../session.js";
import { notify } from "../shell.js";
import { failure, loading } from "../states.js";
import { CHANNELS } from "../words.js";

/** What is not saved yet; kept when another place is shown. @type {Map<string, any>} */
const drafts = new Map();
onEnd(() => drafts.clear());
addEventListener("beforeunload", (event) => drafts.size && event.preventDefault());

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { environment, signal, params, main } = view;
  const { event_type } = params;
  view.retitle(event_type);
  fill(main, loading());
  const stored = await call("GET /manage/{environment}/event_types/{event_type}", { environment, event_type }, { signal }).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
  if (!signal.aborted) edit(view, stored);
}

/** @param {import("../router.js").View} view @param {any} stored Null if it is not configured yet */
function edit(view, stored) {
  const { environment, signal, params, main } = view;
  const { event_type } = params;
  const key = JSON.stringify([environment, event_type]);
  let saved = JSON.stringify(stored ? settings(stored) : null);
  const draft = drafts.get(key) ?? JSON.parse(saved) ?? { notifications: [] };
  let selected = 0;
  let form = null;

  const state = h("p", { class: "hint", role: "status" });
  const trouble = h("div");
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Notifications" });
  const panel = h("div", { role: "tabpanel", id: newId(), class: "writing" });
  const save = h("button", { type: "button", class: "primary", onclick: put }, "Save");
  const discard = h("button", { type: "button", class: "quiet", onclick: forget }, "Discard the changes");
  const open = check("Public keys of apps may cause it", { checked: draft.public !== false, onchange: () => option("public", open) });
  const keep = check("Keep its data as long as its messages", { checked: draft.retain_data !== false, onchange: () => option("retain_data", keep) });
  const given = sample(view, () => shown.changed());
  const shown = preview(view, {
    notification: () => (form?.faults() ? null : draft.notifications[selected]),
    sample: given.read,
    add: given.add,
    marked: (errors) => form?.show(errors) ?? errors,
  });

  fill(
    main,
    stored ? null : h("p", { class: "notice-inline" }, "Nothing is configured for this event type yet. Add a notification, then save."),
    h("div", { class: "buttons start" }, save, discard, actions()),
    state,
    trouble,
    h("div", { class: "bar tabs-bar" }, tabs, h("button", { type: "button", onclick: add }, "Add a notification")),
    panel,
    h("section", { class: "card", "aria-labelledby": "options" }, h("h2", { id: "options" }, "For all of its notifications"), open.element, keep.element),
  );
  choose(0);

  function isChanged() {
    return drafts.has(key);
  }

  /** Say whether there is something to save, and keep it. */
  function changed() {
    const text = JSON.stringify(draft);
    if (text === saved || (saved === "null" && text === '{"notifications":[]}')) drafts.delete(key);
    else drafts.set(key, draft);
    fill(state, isChanged() ? "There are changes that are not saved yet." : stored ? "Saved." : "");
    discard.hidden = !isChanged();
  }

  function option(name, { input }) {
    if (input.checked) delete draft[name];
    else draft[name] = false;
    changed();
  }

  function choose(index, focus = false) {
    selected = Math.max(0, Math.min(index, draft.notifications.length - 1));
    const one = draft.notifications[selected];
    fill(tabs, draft.notifications.map(tab));
    tabs.hidden = draft.notifications.length === 0;
    if (one) {
      form = notificationForm(one, () => {
        changed();
        shown.changed();
      });
      panel.setAttribute("aria-labelledby", `${panel.id}-${selected}`);
      fill(
        panel,
        h(
          "div",
          { class: "card" },
          h("h2", {}, one.name, " ", channelName(one.channel)),
          form.element,
          h(
            "div",
            { class: "buttons" },
            h("button", { type: "button", class: "quiet", onclick: remove }, "Remove this notification"),
            h("button", { type: "button", onclick: test }, "Send a test"),
          ),
        ),
        h("section", { class: "card", "aria-labelledby": "preview" }, h("h2", { id: "preview" }, "Preview"), shown.element, h("h3", {}, "Made with"), given.element),
      );
      shown.now();
    } else {
      form = null;
      fill(panel);
    }
    panel.hidden = !one;
    if (focus) tabs.children[selected]?.focus();
    changed();
  }

  function tab(one, index) {
    const isHere = index === selected;
    return h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `${panel.id}-${index}`,
        "aria-selected": String(isHere),
        "aria-controls": panel.id,
        tabindex: isHere ? null : "-1",
        onclick: () => choose(index, true),
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (step) choose((index + step + draft.notifications.length) % draft.notifications.length, true);
        },
      },
      one.name,
      " ",
      channelName(one.channel),
    );
  }

  async function add() {
    const channel = choice("Channel", Object.entries(CHANNELS));
    const name = field("Name", { required: true, pattern: "[a-z0-9_\\-]{1,64}", value: "mail" }, "Small letters, digits, _ and -; unique in the event type.");
    const names = { email: "mail", sms: "text", push: "push", app: "inbox" };
    channel.input.addEventListener("change", () => {
      name.input.value = names[channel.input.value];
    });
    const made = await ask({
      title: "Add a notification",
      content: [channel.element, name.element],
      yes: "Add",
      act: async () => {
        if (draft.notifications.some((each) => each.name === name.input.value)) throw new Error("There is one of this name already.");
        const kind = channel.input.value;
        return { name: name.input.value, channel: kind, template: { ...EXAMPLES[kind] } };
      },
    });
    if (!made) return;
    draft.notifications.push(made);
    choose(draft.notifications.length - 1, true);
  }

  async function remove() {
    const [one] = draft.notifications.slice(selected);
    const done = await ask({
      title: `Remove ${one.name}?`,
      content: "It is gone from the event type once you save.",
      yes: "Remove",
      danger: true,
      act: async () => true,
    });
    if (!done) return;
    draft.notifications.splice(selected, 1);
    choose(selected, true);
  }

  async function put() {
    fill(trouble);
    if (form?.faults()) return fill(state, wrongs(form.faults()), " Correct it, then save.");
    save.disabled = true;
    try {
      const sent = JSON.stringify(draft);
      const more = { text: sent, type: "application/json" };
      const answer = await call("PUT /manage/{environment}/event_types/{event_type}", { environment, event_type }, more);
      // Somebody may have gone on typing.
      if (JSON.stringify(draft) === sent) drafts.delete(key);
      notify(`${event_type} is saved.`);
      if (signal.aborted) return undefined;
      edit(view, answer);
      return main.querySelector("button.primary")?.focus();
    } catch (error) {
      if (signal.aborted) return undefined;
      return refused(error);
    } finally {
      save.disabled = false;
    }
  }

  /** Go to the first notification that something is wrong with, and show it at its field. */
  function refused(error) {
    const placed = error.errors?.map((each) => ({ ...each, at: /^notifications\[(\d+)\]\.?/.exec(each.field ?? "") })) ?? [];
    const first = placed.find((each) => each.at);
    if (first && Number(first.at[1]) !== selected) choose(Number(first.at[1]));
    const inner = placed.filter((each) => each.at && Number(each.at[1]) === selected);
    const rest = form?.show(inner.map((each) => ({ ...each, field: each.field.slice(each.at[0].length) }))) ?? inner;
    const others = placed.filter((each) => !inner.includes(each));
    const shownErrors = inner.length - rest.length;
    if (rest.length + others.length || !shownErrors) return fill(trouble, failure(Object.assign(error, { errors: [...rest, ...others] })));
    fill(state, `${wrongs(shownErrors)} It is not saved; see below.`);
    panel.querySelector("[aria-invalid]")?.focus();
    return undefined;
  }

  function forget() {
    drafts.delete(key);
    edit(view, stored);
  }

  async function test() {
    const one = draft.notifications[selected];
    const sampled = given.read();
    const kind = { email: "e-mail address", sms: "phone number", push: "device token", app: "user id" }[one.channel];
    const to = field(`To (${kind})`, { required: true, type: one.channel === "email" ? "email" : "text" });
    const done = await ask({
      title: `Send a test of ${one.name}`,
      content: [to.element, h("p", { class: "hint" }, "It really is sent, as it is written here, with the sample data. A team may send 60 tests an hour.")],
      yes: "Send",
      act: () => {
        if (!sampled) throw new Error("The sample data cannot be read: correct them first.");
        const body = { notification: one, to: to.input.value.trim(), ...sampled };
        return call("POST /manage/{environment}/test_sends", { environment }, { body });
      },
    });
    if (!done || signal.aborted) return;
    const { message_id } = done;
    fill(trouble, h("p", { class: "notice-inline" }, "The test is on its way. ", h("a", { href: address("/messages/{message_id}", { message_id }) }, "See what becomes of it")));
  }

  function actions() {
    if (!stored) return null;
    return [
      h("button", { type: "button", class: "quiet", onclick: () => copyTo(environment, event_type, settings(stored), isChanged()) }, "Copy to another environment"),
      h("button", { type: "button", class: "quiet", onclick: () => download(`${event_type.replace(/[^\w.-]+/g, "_")}.json`, settings(stored)) }, "Download"),
      h("button", { type: "button", class: "quiet", onclick: erase }, "Delete"),
    ];
  }

  async function erase() {
    const done = await ask({
      title: `Delete ${event_type}?`,
      content: "Events of this type are stored from now on, and nothing is sent for them.",
      yes: "Delete",
      danger: true,
      act: () => call("DELETE /manage/{environment}/event_types/{event_type}", { environment, event_type }),
    });
    if (!done) return;
    drafts.delete(key);
    go(address("/event-types"));
  }
}
