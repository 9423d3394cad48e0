/** One environment: whom it sends as on each channel, and what apps' public keys may do. */

import { call } from "../api.js";
import { place, wrongs } from "../code.js";
import { ask } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { check, choice, field } from "../fields.js";
import { time } from "../format.js";
import { facts } from "../parts.js";
import { address, go } from "../router.js";
import { forgetEnvironments, known, notify } from "../shell.js";
import { empty, failure } from "../states.js";
import { submitting } from "../submitting.js";

/** The members of each channel, with their labels and hints. @type {Record<string, [string, [string, string, string][]]>} */
const CHANNELS = {
  email: ["E-mail", [["from", "From", "An address, or Name <address>; one of the team's senders."]]],
  sms: [
    "SMS",
    [
      ["sender_id", "Sender id", ""],
      ["origination_number", "Origination number", "The United States and Canada want one."],
      ["entity_id", "Entity id (India)", ""],
      ["template_id", "Template id (India)", ""],
    ],
  ],
  push: [
    "Push",
    [
      ["fcm", "Application for Android (ARN)", ""],
      ["apns", "Application for Apple (ARN)", ""],
      ["apns_sandbox", "Application for Apple's sandbox (ARN)", ""],
      ["application_arn", "Application for all other platforms (ARN)", ""],
    ],
  ],
};

const HOURLY = [
  ["sms_per_address", "SMS to an address"],
  ["emails_per_address", "E-mails to an address"],
  ["sms_per_key", "SMS by a key"],
];

/** @param {import("../router.js").View} view */
export async function show(view) {
  const { signal, params, main } = view;
  view.retitle(`Environment ${params.identifier}`);
  const back = h("p", {}, h("a", { href: address("/team", {}, { part: "environments" }) }, "All environments"));
  const found = (await known(signal)).find((each) => each.identifier === params.identifier);
  if (signal.aborted) return;
  if (!found) return fill(main, back, empty("There is no such environment", "It may have been deleted, or belong to another team."));
  edit(view, found, back);
}

function edit(view, environment, back) {
  const { identifier } = environment;
  const fields = new Map();
  const put = (path, made) => {
    fields.set(path, made);
    return made.element;
  };
  const name = put("name", field("Name", { value: environment.name ?? "" }));
  const country = put(
    "default_country",
    field(
      "Country of phone numbers that name none",
      { value: environment.default_country ?? "", maxlength: 2, size: 4, placeholder: "DE" },
      "Its ISO code. Without one, such numbers are refused.",
    ),
  );
  const keep = check("Keep what was sent as long as its message", { checked: environment.keep_rendered });
  const channels = Object.entries(CHANNELS).map(([channel, [title, members]]) => {
    const given = environment.channels[channel];
    const on = check(`Send by ${title}`, { checked: given !== null && given !== undefined });
    fields.set(`channels.${channel}`, on);
    const inner = h(
      "div",
      {},
      members.map(([member, label, hint]) => put(`channels.${channel}.${member}`, field(label, { value: given?.[member] ?? "" }, hint))),
    );
    const switched = () => {
      inner.hidden = !on.input.checked;
    };
    on.input.addEventListener("change", switched);
    switched();
    const read = () => {
      if (!on.input.checked) return null;
      const values = members.map(([member]) => [member, fields.get(`channels.${channel}.${member}`).input.value.trim()]);
      return Object.fromEntries(values.filter(([, value]) => value !== ""));
    };
    return { channel, read, before: JSON.stringify(read()), element: h("fieldset", { class: "card" }, h("legend", {}, title), on.element, inner) };
  });
  const access = environment.client_access;
  const identity = choice("Who an app's user is", [["open", "taken from the app"], ["verified", "shown by a user token"]], { value: access.identity });
  const inbox = choice("The inbox", [["closed", "closed to apps"], ["open", "open to whoever knows the id"], ["verified", "open with a user token"]], { value: access.inbox });
  const hourly = HOURLY.map(([member, label]) => [member, field(label, { type: "number", min: 0, required: true, value: access.hourly[member] })]);
  fields.set("client_access.identity", identity);
  fields.set("client_access.inbox", inbox);
  for (const [member, made] of hourly) fields.set(`client_access.hourly.${member}`, made);
  const trouble = h("div", { "aria-live": "polite" });
  const submit = h("button", { type: "submit", class: "primary" }, "Save");

  async function act() {
    const changed = channels.filter((each) => JSON.stringify(each.read()) !== each.before);
    const body = {
      name: fields.get("name").input.value.trim() || null,
      default_country: fields.get("default_country").input.value.trim().toUpperCase() || null,
      keep_rendered: keep.input.checked,
      ...(changed.length ? { channels: Object.fromEntries(changed.map((each) => [each.channel, each.read()])) } : {}),
      client_access: {
        identity: identity.input.value,
        inbox: inbox.input.value,
        hourly: Object.fromEntries(hourly.map(([member, { input }]) => [member, Number(input.value)])),
      },
    };
    const answer = await call("PUT /manage/environments/{identifier}", { identifier }, { body });
    forgetEnvironments();
    notify(`${identifier} is saved. It applies everywhere within a minute.`);
    if (!view.signal.aborted) edit(view, answer, back);
  }

  const save = submitting(submit, trouble, act, (error) => {
    const rest = place(fields, longestFirst(error.errors ?? []));
    const shown = (error.errors ?? []).length - rest.length;
    fill(trouble, rest.length || !shown ? failure(Object.assign(error, { errors: rest })) : h("p", { class: "bad" }, wrongs(shown), " It is not saved."));
    view.main.querySelector("[aria-invalid]")?.focus();
  });

  /** Members of a channel are fields of their own, and come before the channel. */
  function longestFirst(errors) {
    const sorted = [...fields].sort(([one], [other]) => other.length - one.length);
    fields.clear();
    for (const [path, made] of sorted) fields.set(path, made);
    return errors;
  }

  fill(
    view.main,
    back,
    h(
      "form",
      { onsubmit: save },
      h(
        "div",
        { class: "card" },
        facts([
          ["Identifier", identifier],
          ["Mock", environment.mock ? "yes: nothing leaves it" : "no"],
          ["Made", time(environment.created_at)],
        ]),
      ),
      h("fieldset", { class: "card" }, h("legend", {}, "In general"), name, country, keep.element),
      h("div", { class: "grid" }, channels.map((each) => each.element)),
      h(
        "fieldset",
        { class: "card" },
        h("legend", {}, "What public keys of apps may do"),
        identity.element,
        inbox.element,
        h("p", {}, "What their events send at most within an hour:"),
        h("div", { class: "bar" }, hourly.map(([, made]) => made.element)),
      ),
      trouble,
      h("div", { class: "buttons" }, h("button", { type: "button", class: "danger", onclick: () => erase(identifier) }, "Delete the environment"), submit),
    ),
  );
}

async function erase(identifier) {
  const typed = field(`To be sure, type its identifier: ${identifier}`, { required: true });
  const judge = () => typed.input.setCustomValidity(typed.input.value === identifier ? "" : "This is not the identifier.");
  typed.input.addEventListener("input", judge);
  judge();
  const done = await ask({
    title: `Delete ${identifier}?`,
    content: [h("p", {}, "Its users, messages, event types and keys are erased, and what waits to be sent is dropped."), typed.element],
    yes: "Delete for good",
    danger: true,
    act: () => call("DELETE /manage/environments/{identifier}", { identifier }),
  });
  if (!done) return;
  forgetEnvironments();
  go(address("/team", {}, { part: "environments" }));
}
