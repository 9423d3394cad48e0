/** What the button of a form does. */

import { fill } from "./dom.js";
import { failure } from "./states.js";

/**
 * Return the listener of a form that is sent: its button rests meanwhile, and what goes wrong is told.
 *
 * @param {HTMLButtonElement} submit
 * @param {Element} trouble Where it is told
 * @param {(event: SubmitEvent) => Promise<any>} act
 * @param {(error: any) => void} [tell] Tells it otherwise than as a whole
 */
export function submitting(submit, trouble, act, tell = (error) => fill(trouble, failure(error))) {
  return async (event) => {
    event.preventDefault();
    submit.disabled = true;
    fill(trouble);
    try {
      await act(event);
    } catch (error) {
      tell(error);
    } finally {
      submit.disabled = false;
    }
  };
}
