/** Copying an event type to another environment, with what changes there shown before. */

import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { difference } from "./diff.js";
import { fill, h } from "./dom.js";
import { choice } from "./fields.js";
import { known, notify } from "./shell.js";
import { failure, loading } from "./states.js";

/**
 * @param {string} from The environment
 * @param {string} event_type
 * @param {any} settings As they are saved there
 * @param {boolean} isChanged Whether there are changes that are not saved
 */
export async function copyTo(from, event_type, settings, isChanged) {
  const others = (await known(undefined)).map((each) => each.identifier).filter((each) => each !== from);
  if (!others.length) return notify("There is no other environment. Make one under Team.");
  const target = choice("To", others.map((each) => [each, each]), { onchange: compare });
  const shown = h("div", { "aria-live": "polite" });
  /** What is there of the environment that was compared with: nothing else is written over. */
  let compared = null;

  async function compare() {
    const environment = target.input.value;
    compared = null;
    fill(shown, loading("Comparing …"));
    try {
      const there = await read(environment, event_type);
      if (environment !== target.input.value) return;
      compared = { environment, there };
      const { element, count } = difference(there ?? {}, settings);
      const text = there === null ? "It is not configured there yet." : count ? "This changes there:" : "It is the same there already.";
      fill(shown, h("p", {}, text), count ? element : null);
    } catch (error) {
      fill(shown, failure(error, compare));
    }
  }

  compare();
  const done = await ask({
    title: `Copy ${event_type}`,
    content: [
      isChanged ? h("p", { class: "notice-inline" }, "Your changes that are not saved yet are not copied.") : null,
      target.element,
      shown,
    ],
    yes: "Copy",
    act: async () => {
      const seen = compared;
      if (!seen) throw new Error("Wait until the two are compared.");
      const { environment } = seen;
      if (JSON.stringify(await read(environment, event_type)) !== JSON.stringify(seen.there)) {
        await compare();
        throw new Error("Somebody has changed it there meanwhile. Look at what changes now.");
      }
      return call("PUT /manage/{environment}/event_types/{event_type}", { environment, event_type }, { body: settings });
    },
  });
  return done ? notify(`${event_type} is in ${done.environment} now.`) : undefined;
}

/** Return what is set in an environment, null if it is not configured. */
async function read(environment, event_type) {
  try {
    const found = await call("GET /manage/{environment}/event_types/{event_type}", { environment, event_type });
    return settings(found);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/** Return what of an event type can be set. @param {any} found As the API has it */
export function settings({ notifications, public: isPublic, retain_data }) {
  return {
    notifications,
    ...(isPublic === undefined || isPublic === null || isPublic ? {} : { public: false }),
    ...(retain_data === undefined || retain_data === null || retain_data ? {} : { retain_data: false }),
  };
}
