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

import * as campaign from "./views/campaign.js";
import * as campaigns from "./views/campaigns.js";
import * as environment from "./views/environment.js";
import * as eventType from "./views/event_type.js";
import * as eventTypes from "./views/event_types.js";
import * as home from "./views/home.js";
import * as lead from "./views/lead.js";
import * as leadImport from "./views/lead_import.js";
import * as leads from "./views/leads.js";
import * as message from "./views/message.js";
import * as messages from "./views/messages.js";
import * as outbox from "./views/outbox.js";
import * as sent from "./views/sent.js";
import * as team from "./views/team.js";
import * as user from "./views/user.js";
import * as users from "./views/users.js";

/** @type {Place[]} */
export const PLACES = [
  { path: "/", title: "Home", listed: true, view: home },
  { path: "/messages", title: "Messages", listed: true, view: messages },
  { path: "/messages/{message_id}", title: "Message", view: message },
  { path: "/users", title: "Users", listed: true, view: users },
  { path: "/users/{user_id}", title: "User", view: user },
  { path: "/event-types", title: "Event types", listed: true, view: eventTypes },
  { path: "/event-types/{event_type}", title: "Event type", view: eventType },
  { path: "/leads", title: "Leads", listed: true, view: leads },
  { path: "/leads/import", title: "Import leads", view: leadImport },
  { path: "/leads/{id}", title: "Lead", view: lead },
  { path: "/campaigns", title: "Campaigns", listed: true, view: campaigns },
  { path: "/campaigns/{id}", title: "Campaign", view: campaign },
  { path: "/team", title: "Team", listed: true, view: team },
  { path: "/team/environments/{identifier}", title: "Environment", view: environment },
  { path: "/outbox", title: "Outbox", listed: true, local: true, view: outbox },
  { path: "/outbox/{id}", title: "Sent", local: true, view: sent },
];
