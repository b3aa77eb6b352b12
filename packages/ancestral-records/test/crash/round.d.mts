/** Kills a worker of a job on a folder and checks what it left; the next round goes on there. */
export function round(options: {
  readonly folder: string;
  readonly name: string;
  /** Numbers from 0 to 1. */
  readonly random: () => number;
}): Promise<{
  /** What the bare database said the worker was doing. */
  readonly left: string;
  readonly standing: number | string;
  /** Lines that the worker had printed. */
  readonly lines: number;
}>;
