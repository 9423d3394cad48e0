/** Statuses and reasons in words: what happened, and what somebody can do about it. docs/delivery.md has the list. */

/** How each status is called, and how it looks. @type {Record<string, [string, string]>} */
const STATUSES = {
  success: ["sent", "good"],
  failed: ["failed", "bad"],
  pending: ["waiting", "wait"],
  mocked: ["mocked", "faint"],
  no_contact: ["no contact", "wait"],
  no_provider: ["no provider", "bad"],
};

/** @type {[string, string][]} */
export const STATUS_CHOICES = [
  ["", "any"],
  ["success", "sent"],
  ["failed", "failed"],
  ["pending", "waiting"],
  ["no_contact", "no contact"],
  ["no_provider", "no provider"],
  ["mocked", "mocked"],
];

export const CHANNELS = { email: "E-mail", sms: "SMS", push: "Push", app: "In the app" };

/** @param {string} status @returns {[string, string]} */
export function status(status) {
  return STATUSES[status] ?? [status, "faint"];
}

/** What is known of each reason; the first that fits says it. @type {[RegExp, (found: RegExpExecArray) => [string, string]][]} */
const REASONS = [
  [/^suppressed: bounce$/, () => ["Nothing is sent to this address, because a mail to it bounced.", "If the address works again, remove the suppression and send it again."]],
  [/^suppressed: complaint$/, () => ["Nothing is sent to this address: its owner reported a mail as spam.", "Remove the suppression only if its owner asks for it."]],
  [/^suppressed: unsubscribe$/, () => ["Its owner has unsubscribed.", "Remove the suppression only if its owner asks for it."]],
  [/^waiting: queued$/, () => ["It is on its queue, and is handed over in a moment.", ""]],
  [/^waiting: provider rate$/, () => ["The provider takes only so many a second; it waits for its turn.", "Nothing needs to be done."]],
  [/^waiting: provider quota$/, () => ["The provider's quota for today is used up.", "It is sent by itself when there is room. Ask AWS for a higher quota if this happens often."]],
  [/^waiting: team is stopped$/, () => ["The operator has stopped this team.", "Ask the operator of the stack."]],
  [/^waiting: provider: (.+)$/s, (found) => [`The provider did not take it yet: ${found[1]}.`, "It is tried again by itself."]],
  [/^template: missing: (.+)$/s, (found) => [`The template wants what nobody gave: ${found[1]}.`, "Send it with the event, or fix the template, then replay."]],
  [/^template: (.+)$/s, (found) => [`The template could not be rendered: ${found[1]}.`, "Fix the template, then send it again."]],
  [/^provider: unknown outcome$/, () => ["The provider never answered, so it may have been sent or not.", "It is not tried again by itself. Send it again if twice is better than never."]],
  [/^gave up: provider: (.+)$/s, (found) => [`The provider did not take it for as long as it was tried: ${found[1]}.`, "Fix the cause, then send it again."]],
  [/^gave up: (.+)$/s, (found) => [`It was given up: ${found[1]}.`, "Fix the cause, then send it again."]],
  [/^provider: (.+)$/s, (found) => [`The provider refused it: ${found[1]}.`, "Fix the cause, then send it again."]],
  [/^bounced$/, () => ["The address' mail server sent it back.", "Check the address. The events below have the server's words."]],
  [/^complaint$/, () => ["It arrived, and was reported as spam.", "The address gets no more mail."]],
  [/^rejected$/, () => ["SES refused it for its content.", "Look for a virus in its attachments."]],
  [/^rendering failure$/, () => ["SES could not make a mail of it.", "Look at the template."]],
  [/^expired$/, () => ["It was not handed over before it was too late to be of use.", "Send it again if it still is of use."]],
  [/^sender not allowed$/, () => ["The team may not send as its sender.", "Use a sender of the team, or ask the operator to add this one."]],
  [/^limited$/, () => ["A public key caused it, and this hour's limit is used up.", "See the limits of the environment."]],
  [/^notification removed$/, () => ["Its notification is not there any more.", ""]],
  [/^purged$/, () => ["It was purged from the dead letters.", "Send it again if it still is of use."]],
  [/^unreachable: (.+)$/s, (found) => [`Nobody can be reached at this address: ${found[1]}.`, "Correct the address of the user."]],
  [/^attachment: (.+)$/s, (found) => [`Its attachment is at fault: ${found[1]}.`, "Fix it, then send it again."]],
  [/^no (.+) contact$/, () => ["The person has no address for this channel.", "Add one to the user, or give one with the event."]],
  [/^no (.+) provider$/, () => ["The environment has nothing to send this with.", "Set up the channel of the environment."]],
  [/^no user$/, () => ["The event names no user, who has no inbox then.", ""]],
  [/^condition does not hold$/, () => ["Its condition did not hold.", ""]],
  [/^condition cannot be evaluated: (.+)$/s, (found) => [`Its condition could not be evaluated: ${found[1]}.`, "Fix the condition, then replay."]],
  [/^not public$/, () => ["A public key sent the event, and the event type is not for those.", ""]],
  [/^event type is not configured$/, () => ["The event type is not configured, so nothing was sent.", "Configure it; the next events are delivered then."]],
  [/^event type has no notifications$/, () => ["The event type has no notifications, so nothing was sent.", "Add one to it; the next events are delivered then."]],
];

/**
 * Explain a reason.
 *
 * @param {string | null | undefined} reason
 * @returns {{text: string, advice: string} | null}
 */
export function explained(reason) {
  if (!reason) return null;
  for (const [pattern, words] of REASONS) {
    const found = pattern.exec(reason);
    if (found) {
      const [text, advice] = words(found);
      return { text, advice };
    }
  }
  return { text: `${reason}.`, advice: "" };
}

/** What an event that a provider reported is called. @type {Record<string, string>} */
const EVENTS = {
  delivery: "arrived",
  bounce: "bounced",
  complaint: "was reported as spam",
  open: "was opened",
  click: "a link was opened",
  reject: "was refused by SES",
  rendering_failure: "could not be made by SES",
  delivery_delay: "is delayed",
  push_failure: "was refused by the platform",
};

/** @param {string} type */
export function event(type) {
  return EVENTS[type] ?? type;
}
