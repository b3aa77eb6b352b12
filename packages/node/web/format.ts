const numbers = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const units = ['B', 'kB', 'MB', 'GB', 'TB'];

export function count(value: number): string {
  return numbers.format(value);
}

/** A large number in few characters. */
export function brief(value: number): string {
  return value < 10_000 ? numbers.format(Math.round(value * 10) / 10) : short.format(value);
}

export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Percent, never 100 before all of it is there. */
export function percent(part: number): string {
  const value = part * 100;
  if (part < 1 && value > 99.9) return '99.9 %';
  return value > 0 && value < 99.95 ? `${value.toFixed(1)} %` : `${Math.round(value)} %`;
}

export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** A moment of today by its time, another one with its date. */
export function moment(ms: number, nowMs: number): string {
  const then = new Date(ms);
  const isToday = then.toDateString() === new Date(nowMs).toDateString();
  return isToday ? then.toLocaleTimeString('en-GB') : then.toLocaleString('en-GB');
}
