/** What leads and campaigns have, in words. */

/** Those that somebody may set. @type {[string, string][]} */
export const LEAD_CHOICES = [
  ["new", "new"],
  ["contacted", "contacted"],
  ["qualified", "qualified"],
  ["converted", "converted"],
];

/** @type {[string, string][]} */
export const LEAD_STATUSES = [...LEAD_CHOICES, ["unsubscribed", "unsubscribed"], ["bounced", "bounced"]];

/** @type {[string, string][]} */
export const CAMPAIGN_STATUSES = [
  ["draft", "draft"],
  ["active", "active"],
  ["paused", "paused"],
  ["completed", "completed"],
];

/** @type {[string, string][]} */
export const CAMPAIGN_TYPES = [
  ["email", "e-mail"],
  ["voice", "voice"],
  ["mixed", "mixed"],
];

/** How statuses of leads, campaigns, tiers and mails look. @type {Record<string, string>} */
export const LOOKS = {
  qualified: "good",
  converted: "good",
  unsubscribed: "wait",
  bounced: "bad",
  active: "good",
  paused: "wait",
  hot: "good",
  warm: "wait",
  sent: "good",
  delivered: "good",
  opened: "good",
  clicked: "good",
  complained: "bad",
  failed: "bad",
  queued: "wait",
};

/** What a lead has that somebody may write: the member, its label, whether it is required. @type {[string, string, boolean][]} */
export const LEAD_MEMBERS = [
  ["full_name", "Full name", true],
  ["email", "E-mail address", true],
  ["company", "Company", false],
  ["job_title", "Job title", false],
  ["industry", "Industry", false],
];
