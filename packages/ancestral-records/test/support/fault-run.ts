import { expect } from '@jest/globals';
import { MemoryLevel } from 'memory-level';
import type { DatabaseWrite, StateStore } from '../../src/index.js';
import {
  type FaultKind,
  type FaultPlan,
  type FaultyDatabase,
  faultyDatabase,
  plannedFault,
} from '../../src/testing.js';
import { commit, type FaultJob, type Standing, type Step } from './fault-jobs.js';
import { bytes, type PlainState, pack, sorted } from './plain-state.js';
import { openStore } from './stores.js';
import { rawState, replay, verifyStore } from './verify-store.js';

type Memory = MemoryLevel<Uint8Array, Uint8Array>;
const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/** A job with what can be computed once: the content it begins with, and the states of its chain. */
export interface PreparedJob {
  readonly job: FaultJob;
  readonly content: readonly DatabaseWrite[];
  readonly steps: readonly Step[];
  readonly again: ((store: StateStore) => Promise<void>) | undefined;
  stateAt(height: number): PlainState;
}

export async function prepareJob(job: FaultJob): Promise<PreparedJob> {
  const database = await memory([]);
  await job.prepare(database);
  const content: DatabaseWrite[] = [];
  for await (const [key, value] of database.iterator(encodings)) content.push({ type: 'put', key, value });
  const states = new Map<number, PlainState>();
  const stateAt = (height: number): PlainState => {
    const known = states.get(height) ?? replay(height, (at) => job.changesOf(at));
    states.set(height, known);
    return known;
  };
  return { job, content, steps: await job.steps(), again: await job.again?.(), stateAt };
}

/** What a run came to. */
export interface Outcome {
  readonly writes: number;
  readonly reads: number;
  readonly hasFailed: boolean;
  readonly error: unknown;
}

/** Runs a job on a database that fails as planned, then opens the bare database and checks what is left. */
export async function runWithFault(prepared: PreparedJob, plan: FaultPlan = {}): Promise<Outcome> {
  const { job, content, steps } = prepared;
  const inner = await memory(content);
  const faulty = faultyDatabase(inner, plan);
  let done: Standing = job.from;
  let next: Pick<Step, 'to' | 'via'> = { to: job.from };
  let error: unknown;
  let store: StateStore | undefined;
  try {
    store = await openStore(faulty, { parameters: job.parameters });
    for (const step of steps) {
      next = step;
      await step.run(store);
      done = step.to;
    }
  } catch (caught) {
    error = caught;
  }
  await quiet(faulty);
  await store?.close();
  if (error === undefined) expect(done).toBe(steps.at(-1)?.to);
  await checkWhatIsLeft(prepared, inner, { done, next, kind: plan.write?.kind ?? plan.read?.kind });
  await inner.close();
  return { writes: faulty.writes, reads: faulty.reads, hasFailed: faulty.hasFailed, error };
}

/** Waits until nothing that goes on in the background uses the database any more. */
async function quiet(database: FaultyDatabase): Promise<void> {
  for (let calls = -1; calls !== database.writes + database.reads; ) {
    calls = database.writes + database.reads;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** True if an error is the planned fault, or was caused by it. */
export function isPlanned(error: unknown): boolean {
  for (let at = error; at instanceof Object; at = (at as { cause?: unknown }).cause) {
    if ((at as { message?: unknown }).message === plannedFault) return true;
  }
  return false;
}

async function checkWhatIsLeft(
  { job, again, stateAt }: PreparedJob,
  database: Memory,
  {
    done,
    next,
    kind,
  }: { readonly done: Standing; readonly next: Pick<Step, 'to' | 'via'>; readonly kind: FaultKind | undefined },
): Promise<void> {
  const store = await openStore(database, { parameters: job.parameters });
  const found: Standing = store.height ?? (store.phase as 'empty' | 'downloading' | 'unproved');
  if (next.via !== undefined) expect([done, next.via, next.to]).toContain(found);
  const mended: Standing[] = again === undefined ? [] : [6];
  await again?.(store);
  await verifyStore(store, database);
  const standing: Standing = store.height ?? (store.phase as 'empty' | 'downloading' | 'unproved');
  const isBlock = typeof done === 'number' && next.to === done + 1;
  const isUnwritten = isBlock && kind?.startsWith('apply') !== true;
  expect([...mended, ...(isUnwritten ? [done] : allowed(done, next.to))]).toContain(standing);
  if (typeof standing === 'number') expect(sorted(await rawState(database))).toEqual(sorted(stateAt(standing)));
  await goOn(store, job);
  await verifyStore(store, database);
  await store.close();
}

/** Where an operation may leave the store: where it was, where it goes, or in between. */
function allowed(done: Standing, next: Standing): Standing[] {
  return done === 'downloading' || next === 'downloading' ? [done, next, 'downloading'] : [done, next];
}

/** What is left can be worked with: the next snapshot's block is committed, its manifest built, old epochs deleted. */
async function goOn(store: StateStore, job: FaultJob): Promise<void> {
  if (store.phase === 'downloading' || store.phase === 'unproved') return;
  if (store.phase === 'empty') await store.initialize({ records: [pack([[bytes(5, 1), bytes(1)]])] });
  await store.maintenance();
  do await commit(store, job.changesOf((store.height as number) + 1));
  while ((store.height as number) % job.parameters.snapshotPeriod !== 0);
  await store.maintenance();
  expect(store.snapshots().at(-1)?.height).toBe(store.height);
}

async function memory(content: readonly DatabaseWrite[]): Promise<Memory> {
  const database = new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view' });
  await database.open();
  await database.batch([...content], encodings);
  return database;
}
