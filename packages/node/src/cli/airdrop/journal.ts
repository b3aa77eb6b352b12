import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { NodeError } from '../../node-error.js';
import { hasFields, isCount, isText } from '../../state/kept-json.js';

/** A step of an airdrop: `mint`, `disable-minting`, or the number of a payment. */
export type Step = 'mint' | 'disable-minting' | number;

/** A transaction that was signed for a step, and perhaps sent. */
export interface SignedStep {
  readonly id: string;
  /** Hex. */
  readonly encoded: string;
  /** Height of the state when it was signed: it can only be in a later block. */
  readonly height: number;
  /** It can be in no block above this. */
  readonly expires: number;
}

type Entry =
  | { readonly plan: string }
  | ({ readonly step: Step } & ({ readonly signed: SignedStep } | { readonly included: number }));

/**
 * What an airdrop has done, in a file beside its plan: a line is on the disk before what it tells of leaves this process. So a
 * transaction that may have been sent is always known, whatever happens, and nobody is paid by a second one while the first
 * can still be, or is, in a block.
 */
export class AirdropJournal {
  readonly #path: string;
  readonly #file: number;
  readonly #signed = new Map<Step, SignedStep>();
  readonly #included = new Map<Step, number>();

  private constructor(path: string, file: number, entries: readonly Entry[]) {
    this.#path = path;
    this.#file = file;
    for (const entry of entries) this.#take(entry);
  }

  /**
   * Opens the journal of a plan for writing, or begins it. One process at a time can.
   *
   * @throws NODE_CONFIGURATION if another process has it, if it belongs to another plan, or if it is damaged
   */
  static open(path: string, planHash: string): AirdropJournal {
    lock(path);
    try {
      const { entries, wholeBytes } = readEntries(path, planHash);
      const file = openSync(path, 'a+', 0o600);
      ftruncateSync(file, wholeBytes);
      const journal = new AirdropJournal(path, file, entries);
      if (entries.length === 0) journal.#append([{ plan: planHash }]);
      return journal;
    } catch (error) {
      rmSync(lockOf(path), { force: true });
      throw error;
    }
  }

  /** What the journal of a plan says, without writing to it. */
  static read(path: string, planHash: string): Pick<AirdropJournal, 'includedIn' | 'signedFor'> {
    return new AirdropJournal(path, -1, readEntries(path, planHash).entries);
  }

  signedFor(step: Step): SignedStep | undefined {
    return this.#signed.get(step);
  }

  /** Height of the block with the step's transaction. */
  includedIn(step: Step): number | undefined {
    return this.#included.get(step);
  }

  /** Writes down transactions, on the disk when this returns. */
  addSigned(signed: ReadonlyMap<Step, SignedStep>): void {
    this.#append([...signed].map(([step, entry]) => ({ step, signed: entry })));
  }

  addIncluded(included: ReadonlyMap<Step, number>): void {
    this.#append([...included].map(([step, height]) => ({ step, included: height })));
  }

  close(): void {
    closeSync(this.#file);
    rmSync(lockOf(this.#path), { force: true });
  }

  #append(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    writeSync(this.#file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    fsyncSync(this.#file);
    for (const entry of entries) this.#take(entry);
  }

  #take(entry: Entry): void {
    if ('signed' in entry) this.#signed.set(entry.step, entry.signed);
    if ('included' in entry) this.#included.set(entry.step, entry.included);
  }
}

/** The lines that were written to their end; a crash can leave a piece of one behind. */
function readEntries(
  path: string,
  planHash: string,
): { readonly entries: readonly Entry[]; readonly wholeBytes: number } {
  const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const wholeBytes = content.lastIndexOf(0x0a) + 1;
  const lines = content.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const entries = lines.map((line) => {
    const entry = entryOf(line);
    if (entry !== undefined) return entry;
    const message = `the journal ${path} is damaged: without it nobody knows who was paid`;
    throw new NodeError('NODE_CONFIGURATION', message, { details: { path } });
  });
  const [first] = entries;
  if (first !== undefined && (!('plan' in first) || first.plan !== planHash)) {
    const message = `the journal ${path} belongs to another plan: was the plan changed after the airdrop had begun?`;
    throw new NodeError('NODE_CONFIGURATION', message, { details: { path } });
  }
  return { entries, wholeBytes };
}

/** The entry of a line; undefined if it is none. */
function entryOf(line: string): Entry | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  const isStep = (field: unknown): boolean => field === 'mint' || field === 'disable-minting' || isCount(field);
  const isSigned = (field: unknown): boolean =>
    hasFields(field, { id: isText, encoded: isText, height: isCount, expires: isCount });
  const isEntry =
    hasFields(entry, { plan: isText }) ||
    hasFields(entry, { step: isStep, signed: isSigned }) ||
    hasFields(entry, { step: isStep, included: isCount });
  return isEntry ? (entry as Entry) : undefined;
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

/** Keeps other processes out; the lock of a process that is gone counts no more. */
function lock(path: string): void {
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(lockOf(path), String(process.pid), { flag: 'wx' });
      return;
    } catch (cause) {
      const isTaken = (cause as { code?: unknown }).code === 'EEXIST';
      const owner = isTaken ? Number(readFileSync(lockOf(path), 'utf8')) : 0;
      if (!isTaken || tries > 0 || isRunning(owner)) {
        const why = isTaken ? `process ${owner} runs this airdrop already` : 'its folder cannot be written to';
        const message = `cannot open the journal ${path}: ${why}; if that is wrong, remove ${lockOf(path)}`;
        throw new NodeError('NODE_CONFIGURATION', message, { cause, details: { path } });
      }
      rmSync(lockOf(path), { force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}
