/** Views that follow what happens: asked again while somebody looks, and not at all in a tab that nobody sees. */

/**
 * Do something now, and again in the given time after it has ended, until the signal is aborted.
 *
 * @param {AbortSignal} signal
 * @param {number} seconds
 * @param {() => Promise<void>} look What it throws is shown by itself; the next look comes later for each one that failed
 */
export function follow(signal, seconds, look) {
  let timer = 0;
  let failed = 0;
  let isLooking = false;

  async function turn() {
    clearTimeout(timer);
    if (signal.aborted || isLooking || document.hidden) return;
    isLooking = true;
    try {
      await look();
      failed = 0;
    } catch {
      failed += 1;
    } finally {
      isLooking = false;
    }
    if (!signal.aborted) timer = setTimeout(turn, seconds * 1000 * Math.min(2 ** failed, 16));
  }

  document.addEventListener("visibilitychange", turn, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return turn();
}
