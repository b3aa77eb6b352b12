import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `probe` gives something other than false or undefined. */
export async function waitFor<Found>(
  what: string,
  probe: () => Found | false | undefined | Promise<Found | false | undefined>,
  timeoutMs = 60_000,
): Promise<Found> {
  const started = performance.now();
  for (;;) {
    const found = await probe();
    if (found !== false && found !== undefined) return found;
    if (performance.now() - started > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}

export { sleep };
