/** Team: its environments, whom it sends as, who belongs to it, what opens it, whom it does not mail, and what failed too often. */

import { fill, h } from "../dom.js";
import { address } from "../router.js";
import { show as account } from "./team_account.js";
import { show as environments } from "./team_environments.js";
import { show as keys } from "./team_keys.js";
import { show as letters } from "./team_letters.js";
import { show as mailboxes } from "./team_mailboxes.js";
import { show as members } from "./team_members.js";
import { show as senders } from "./team_senders.js";
import { show as suppressions } from "./team_suppressions.js";
import { show as tokens } from "./team_tokens.js";

/** @type {[string, string, (view: import("../router.js").View) => any][]} */
const PARTS = [
  ["environments", "Environments", environments],
  ["senders", "Senders", senders],
  ["members", "Members", members],
  ["tokens", "API tokens", tokens],
  ["keys", "Client keys", keys],
  ["suppressions", "Suppressions", suppressions],
  ["dead-letters", "Dead letters", letters],
  ["mailboxes", "Mailboxes", mailboxes],
  ["account", "Account", account],
];

/** @param {import("../router.js").View} view */
export async function show(view) {
  const wanted = view.query.get("part");
  const [part, title, shown] = PARTS.find(([each]) => each === wanted) ?? PARTS[0];
  const content = h("section", { "aria-labelledby": "part" });
  const heading = h("h2", { id: "part" }, title);
  const inner = h("div");
  fill(content, heading, inner);
  fill(
    view.main,
    h(
      "nav",
      { class: "parts", "aria-label": "Parts of the team" },
      h(
        "ul",
        {},
        PARTS.map(([each, text]) =>
          h("li", {}, h("a", { href: address("/team", {}, { part: each }), "aria-current": each === part ? "page" : null }, text)),
        ),
      ),
    ),
    content,
  );
  await shown({ ...view, main: inner });
}
