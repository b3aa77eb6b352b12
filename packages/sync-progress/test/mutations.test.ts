import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import type { HyperSyncProgressOptions } from '../src/index.js';
import { createWorld, type SimulatedMachine, simulate } from '../src/testing/index.js';

// The simulator is only worth something if it notices a planner that is wrong: each of these changes to the source must
// break a promise in one of a few worlds.

interface Mutation {
  readonly rule: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** A world that shows it, if it takes many. */
  readonly seed?: number;
}

const mutations: readonly Mutation[] = [
  {
    rule: 'what is not proved is written',
    file: 'hyper-sync-progress',
    from: 'this.#refute(attempt, event.reason, event.details ?? {});',
    to: 'this.#local.acceptProof(attempt);',
  },
  {
    rule: 'a liar is not banned',
    file: 'hyper-sync-progress',
    from: 'if (peer.isBanned) return;\n    peer.isBanned = true;',
    to: 'if (peer.isBanned || reason === "refuted") return;\n    peer.isBanned = true;',
  },
  {
    rule: 'another peer is banned for a lie',
    file: 'hyper-sync-progress',
    from: "this.#ban(attempt.peer, 'refuted',",
    to: "this.#ban([...this.#state.connected].find((each) => each !== attempt.peer) ?? attempt.peer, 'refuted',",
  },
  {
    rule: 'the budget is forgotten',
    file: 'budget',
    from: 'return this.usedBytes + bytes <= this.limitBytes;',
    to: 'return true;',
  },
  {
    rule: 'memory is given back too early',
    file: 'budget',
    from: 'if (chunk.users === 0) this.#heldBytes -= chunk.bytes;',
    to: 'if (chunk.users >= 0) this.#heldBytes -= chunk.bytes / (chunk.users + 2);',
  },
  {
    rule: 'bytes of dropped requests are never given back',
    file: 'downloads',
    from: 'budget.release(request.reservedBytes);\n  }',
    to: 'if (!request.isCancelled) budget.release(request.reservedBytes);\n  }',
  },
  {
    rule: 'nothing is taken from silent peers',
    file: 'hyper-sync-progress',
    from: 'if (!request.isOverdue) peer.score.add(overdueWeight, nowMs);',
    to: 'if (!request.isCancelled) return;',
  },
  {
    rule: 'a peer that failed once gets nothing any more',
    file: 'planner',
    from: 'return hasTrusted && !this.#isChanceLeft() ? undefined : untrusted;',
    to: 'return undefined;',
  },
  {
    rule: 'whoever fails is asked again at once',
    file: 'peer',
    from: 'this.retryAtMs = nowMs + Math.min(delayMs, settings.maxRetryDelayMs);',
    to: 'this.retryAtMs = nowMs + Math.min(delayMs, 0.01);',
  },
  {
    rule: 'durable marks are forgotten',
    file: 'tally',
    from: 'this.complete(index);\n    }',
    to: '}',
  },
  {
    rule: 'a peer is trusted without end',
    file: 'request-size',
    from: 'return Math.floor(initialTrustBytes(state) + trustedPart * peer.usefulBytes - peer.wastedBytes);',
    to: 'return state.settings.maxChunkBytes;',
    seed: 689,
  },
  {
    rule: 'what is asked for is asked for again',
    file: 'downloads',
    from: 'for (let range = firstHeld(span); range < span.end; range++) board.hold(range);',
    to: '',
  },
  {
    rule: 'a retired snapshot is waited for',
    file: 'hyper-sync-progress',
    from: "commands.push({ type: 'adopt-newer', manifestId: this.#offered });",
    to: '',
  },
  {
    rule: 'the cursor of a peer is lost',
    file: 'downloads',
    from: 'attempt.cursor = Uint8Array.from(cursor);',
    to: '',
  },
  {
    rule: 'the status counts what is only received as done',
    file: 'hyper-sync-progress',
    from: 'attempt.peer.failures = 0;',
    to: 'attempt.peer.failures = 0; this.#state.tally?.complete(attempt.range);',
  },
  {
    rule: 'it says that it waits for peers while it works',
    file: 'report',
    from: "if (local.proving > 0) return 'proofs';",
    to: "if (local.proving > 0) return 'peers';",
  },
];

const folder = join(dirname(fileURLToPath(import.meta.url)), '..');
let output = '';

beforeAll(() => {
  output = mkdtempSync(join(folder, 'dist', 'mutants-'));
});

afterAll(() => rmSync(output, { recursive: true }));

type MachineClass = new (options: HyperSyncProgressOptions) => SimulatedMachine;

/** The planner with one change to its source. */
async function mutant({ file, from, to }: Pick<Mutation, 'file' | 'from' | 'to'>, name: string): Promise<MachineClass> {
  const path = join(folder, 'src', `${file}.ts`);
  const source = readFileSync(path, 'utf8');
  expect(source.split(from).length - 1).toBe(1);
  const outfile = join(output, `${name}.mjs`);
  await build({
    entryPoints: [join(folder, 'src', 'hyper-sync-progress.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2023',
    outfile,
    logLevel: 'error',
    plugins: [
      {
        name: 'mutate',
        setup: (builder) => {
          builder.onLoad({ filter: /\.ts$/ }, (args) =>
            args.path === path ? { contents: source.replace(from, () => to), loader: 'ts' } : undefined,
          );
        },
      },
    ],
  });
  const module = (await import(pathToFileURL(outfile).href)) as { readonly HyperSyncProgress: MachineClass };
  return module.HyperSyncProgress;
}

/** The first broken promise in a number of worlds. */
function firstProblem(Machine: MachineClass, worlds: number, first = 1): string | undefined {
  for (let seed = first; seed < first + worlds; seed++) {
    try {
      simulate({ ...createWorld(seed), createMachine: (options) => new Machine(options) });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  return undefined;
}

describe('the simulator notices a planner in which', () => {
  test.each(mutations)('$rule', async (mutation) => {
    const Machine = await mutant(mutation, `mutant-${mutations.indexOf(mutation)}`);
    expect(firstProblem(Machine, 100, mutation.seed)).toMatch(/./);
  });

  test('nothing is wrong: it has no objection', async () => {
    const same = { file: 'budget', from: 'return true', to: 'return true' };
    const Machine = await mutant(
      { ...same, from: 'hasRoomFor(bytes: number)', to: 'hasRoomFor(bytes: number)' },
      'same',
    );
    expect(firstProblem(Machine, 20)).toBeUndefined();
    expect(firstProblem(Machine, 1, 689)).toBeUndefined();
  });
});
