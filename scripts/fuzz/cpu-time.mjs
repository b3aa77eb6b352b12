/**
 * Milliseconds of processor time that this process has taken, all its threads together. What a machine does beside, a low priority and being
 * stopped make no difference to it.
 */
export function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
