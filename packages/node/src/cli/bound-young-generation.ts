import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const mebibyte = 1024 * 1024;

/**
 * Bounds the memory in which new objects are made, which grows to 128 MiB on Node 24 while much is garbage soon, as it is during a
 * sync, and stays so. Its limit can be set only when a process starts, but how it grows can be changed at any time: after each
 * collection it is told to double or to stay as it is. It may double once more before it hears of it. Concerns all threads, for
 * as long as the process runs.
 */
export function boundYoungGeneration(maxBytes: number = 16 * mebibyte): void {
  let mayGrow = true;
  const observer = new PerformanceObserver(() => {
    const fits = 2 * youngBytes() <= maxBytes;
    if (fits === mayGrow) return;
    mayGrow = fits;
    setFlagsFromString(`--semi-space-growth-factor=${fits ? 2 : 1}`);
  });
  observer.observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
