import { NodeProcess } from './node-process.js';

/** How a command of the built `hs-node` ended. */
export interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON; undefined if it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: what commands print is looked at field by field
  readonly json: any;
}

/** Runs a command of the built `hs-node` to its end, without any setting from the environment. */
export async function hsNode(...args: readonly string[]): Promise<Ended> {
  return ended(new NodeProcess(args));
}

/** Waits for the end of a command. */
export async function ended(running: NodeProcess): Promise<Ended> {
  const code = await running.exited;
  const { stdout, stderr } = running;
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch {
    // Text.
  }
  return { code, stdout, stderr, json };
}
