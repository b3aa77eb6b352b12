// A network of simulated peers, a store and a clock around one HyperSyncProgress. Everything follows from the seed. The
// simulation carries out commands, and fails when the machine breaks one of its promises.

import type { BanCommand, RequestCommand, SyncCommand } from '../commands.js';
import type { SyncEvent } from '../events.js';
import { Heap } from '../heap.js';
import { HyperSyncProgress } from '../hyper-sync-progress.js';
import type { HyperSyncProgressOptions } from '../options.js';
import type { SyncStatus } from '../status.js';
import { createRandom, type Random } from './random.js';
import { answerBytes, answerRecords, answerRequest, type PeerBehaviour } from './simulated-peer.js';
import { changeSimulatedState, type SimulatedRecord, type SimulatedState } from './simulated-state.js';

/** A world to sync in. */
export interface SimulationOptions {
  readonly seed: number;
  readonly state: SimulatedState;
  readonly peers: readonly PeerBehaviour[];
  readonly options?: HyperSyncProgressOptions;
  /** Bytes hashed per second. Default 20,000,000. */
  readonly provedBytesPerSecond?: number;
  readonly proveFailChance?: number;
  readonly commitFailChance?: number;
  /** Moments at which the process is killed and started again from its marks. */
  readonly restartsMs?: readonly number[];
  /** Moments at which a newer manifest is adopted, and the part of the ranges it changes. */
  readonly turns?: readonly { readonly atMs: number; readonly changedPart: number }[];
  /** The run fails if it takes longer. Default: one virtual day. */
  readonly maxMs?: number;
  /** The run fails if it takes more events. Default 200,000. */
  readonly maxEvents?: number;
  /** Sees every event with its commands. */
  readonly onStep?: (event: SyncEvent, commands: readonly SyncCommand[], machine: HyperSyncProgress) => void;
}

/** What a run came to. */
export interface SimulationReport {
  readonly isDone: boolean;
  readonly endMs: number;
  readonly events: number;
  readonly requests: number;
  readonly requestsByPeer: ReadonlyMap<string, number>;
  /** Bytes that crossed the line, wanted or not. */
  readonly downloadedBytes: number;
  readonly bans: readonly BanCommand[];
  readonly failures: number;
  readonly status: SyncStatus;
}

/** A promise of the machine was broken; the message has the seed. */
export class SimulationError extends Error {}

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly life: number;
  readonly run: () => void;
}

/** Runs a simulation to the end of the sync and of everything cancelled. */
export function simulate(options: SimulationOptions): SimulationReport {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #queue = new Heap<Pending>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  readonly #peers = new Map<string, { readonly behaviour: PeerBehaviour; isHere: boolean; freeAtMs: number }>();
  readonly #requestsByPeer = new Map<string, number>();
  readonly #bans: BanCommand[] = [];
  /** What each attempt has received, and which of them are wanted. */
  readonly #buffers = new Map<number, SimulatedRecord[]>();
  readonly #outstanding = new Map<number, RequestCommand>();
  readonly #proved = new Set<number>();
  readonly #stored = new Map<number, readonly SimulatedRecord[]>();
  #state: SimulatedState;
  #machine: HyperSyncProgress;
  #nowMs = 0;
  #order = 0;
  #life = 0;
  #events = 0;
  #requests = 0;
  #downloadedBytes = 0;
  #failures = 0;
  #tickAtMs: number | undefined;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
    this.#state = options.state;
    this.#machine = new HyperSyncProgress(options.options);
    for (const behaviour of options.peers) {
      this.#peers.set(behaviour.name, { behaviour, isHere: false, freeAtMs: 0 });
    }
  }

  run(): SimulationReport {
    this.#adopt();
    for (const [name, peer] of this.#peers) {
      for (const { fromMs, toMs } of peer.behaviour.presence ?? [{ fromMs: 0, toMs: Number.POSITIVE_INFINITY }]) {
        this.#at(fromMs, () => this.#come(name), 'any life');
        if (toMs < Number.POSITIVE_INFINITY) this.#at(toMs, () => this.#go(name), 'any life');
      }
    }
    for (const atMs of this.#options.restartsMs ?? []) this.#at(atMs, () => this.#restart(), 'any life');
    for (const { atMs, changedPart } of this.#options.turns ?? []) {
      this.#at(atMs, () => this.#turn(changedPart), 'any life');
    }
    const maxMs = this.#options.maxMs ?? 86_400_000;
    for (let next = this.#queue.pop(); next !== undefined; next = this.#queue.pop()) {
      if (next.life !== -1 && next.life !== this.#life) continue;
      if (next.atMs > maxMs) break;
      this.#nowMs = next.atMs;
      next.run();
      if (this.#isOver()) break;
    }
    const status = this.#machine.status(this.#nowMs);
    const isDone = status.phase === 'done';
    if (isDone) this.#checkEnd(status);
    return {
      isDone,
      endMs: this.#nowMs,
      events: this.#events,
      requests: this.#requests,
      requestsByPeer: this.#requestsByPeer,
      downloadedBytes: this.#downloadedBytes,
      bans: this.#bans,
      failures: this.#failures,
      status,
    };
  }

  #isOver(): boolean {
    const { phase, inFlight } = this.#machine.status(this.#nowMs);
    const hasTurnsLeft = (this.#options.turns ?? []).some(({ atMs }) => atMs > this.#nowMs);
    return phase === 'failed' || (phase === 'done' && inFlight.reservedBytes === 0 && !hasTurnsLeft);
  }

  #checkEnd(status: SyncStatus): void {
    this.#expect(status.inFlight.reservedBytes === 0, 'the byte budget does not return to zero');
    this.#expect(this.#buffers.size === 0, 'chunks are kept after the end');
    for (const [range, records] of this.#state.records.entries()) {
      this.#expect(isEqual(this.#stored.get(range), records), `range ${range} is not stored as it should be`);
    }
  }

  // The world

  #at(atMs: number, run: () => void, life: 'this life' | 'any life' = 'this life'): void {
    this.#queue.push({ atMs, order: this.#order++, life: life === 'any life' ? -1 : this.#life, run });
  }

  #come(name: string): void {
    const peer = this.#peers.get(name);
    if (peer === undefined || this.#bans.some((ban) => ban.peer === name)) return;
    peer.isHere = true;
    this.#handle({ type: 'peer-joined', nowMs: this.#nowMs, peer: name });
  }

  #go(name: string): void {
    const peer = this.#peers.get(name);
    if (peer === undefined || !peer.isHere) return;
    peer.isHere = false;
    for (const [attempt, request] of this.#outstanding) if (request.peer === name) this.#outstanding.delete(attempt);
    this.#handle({ type: 'peer-left', nowMs: this.#nowMs, peer: name });
  }

  #adopt(): void {
    const { manifestId, ranges } = this.#state;
    this.#proved.clear();
    this.#handle({ type: 'manifest-adopted', nowMs: this.#nowMs, manifestId, ranges, proved: this.#stored.keys() });
  }

  #restart(): void {
    if (this.#machine.status(this.#nowMs).phase === 'done') return;
    this.#life++;
    this.#machine = new HyperSyncProgress(this.#options.options);
    this.#buffers.clear();
    this.#outstanding.clear();
    this.#tickAtMs = undefined;
    this.#adopt();
    for (const [name, peer] of this.#peers) if (peer.isHere) this.#come(name);
  }

  #turn(changedPart: number): void {
    this.#state = changeSimulatedState(this.#random, this.#state, changedPart);
    for (const [range, records] of this.#stored) {
      if (this.#state.records[range] !== records) this.#stored.delete(range);
    }
    this.#adopt();
  }

  // The machine

  #handle(event: SyncEvent): void {
    this.#events++;
    this.#expect(this.#events <= (this.#options.maxEvents ?? 200_000), 'it takes too many events');
    const machine = this.#machine;
    const commands = machine.handle(event);
    for (const command of commands) this.#carryOut(command);
    if (machine !== this.#machine) return;
    this.#options.onStep?.(event, commands, machine);
    const { reservedBytes, limitBytes } = machine.status(this.#nowMs).inFlight;
    this.#expect(reservedBytes >= 0 && reservedBytes <= limitBytes, `${reservedBytes} bytes are reserved`);
    const next = machine.nextTickMs;
    if (next === undefined || next === this.#tickAtMs) return;
    this.#expect(next > this.#nowMs, 'it wants a tick at once, again');
    this.#tickAtMs = next;
    this.#at(next, () => {
      if (this.#tickAtMs === next) this.#tickAtMs = undefined;
      this.#handle({ type: 'tick', nowMs: this.#nowMs });
    });
  }

  #carryOut(command: SyncCommand): void {
    switch (command.type) {
      case 'request':
        this.#send(command);
        break;
      case 'prove':
        this.#prove(command.attempt, command.range);
        break;
      case 'commit':
        this.#commit(command.attempt, command.range);
        break;
      case 'cancel':
      case 'discard':
        this.#buffers.delete(command.attempt);
        break;
      case 'ban': {
        const peer = this.#peers.get(command.peer);
        this.#expect(peer?.behaviour.lie !== undefined, `the honest peer ${command.peer} is banned`);
        this.#bans.push(command);
        if (peer !== undefined) peer.isHere = false;
        break;
      }
      case 'failed':
        this.#failures++;
        break;
      case 'wait':
      case 'done':
        break;
    }
  }

  #send(request: RequestCommand): void {
    const { attempt, peer: name, range } = request;
    const peer = this.#peers.get(name);
    this.#expect(peer?.isHere === true, `${name} is asked although it is not connected`);
    this.#expect(!this.#outstanding.has(attempt), `attempt ${attempt} has two requests outstanding`);
    this.#expect(!this.#stored.has(range), `range ${range} is asked for although it is stored`);
    if (peer === undefined) return;
    this.#requests++;
    this.#requestsByPeer.set(name, (this.#requestsByPeer.get(name) ?? 0) + 1);
    this.#outstanding.set(attempt, request);
    if (!this.#buffers.has(attempt)) this.#buffers.set(attempt, []);
    const { behaviour } = peer;
    const answer = answerRequest(behaviour, request, this.#state, this.#random);
    if (answer.type === 'none') return;
    const bytes = answerBytes(answer);
    const sendMs = (bytes * 1000) / (behaviour.bytesPerSecond ?? 1_000_000);
    peer.freeAtMs = Math.max(peer.freeAtMs, this.#nowMs) + sendMs;
    this.#at(peer.freeAtMs + (behaviour.roundTripMs ?? 50), () => {
      if (this.#outstanding.get(attempt) !== request) return;
      this.#outstanding.delete(attempt);
      this.#downloadedBytes += bytes;
      const nowMs = this.#nowMs;
      if (answer.type === 'unavailable') {
        this.#handle({ type: 'chunk-unavailable', nowMs, attempt });
        return;
      }
      this.#buffers.get(attempt)?.push(...answer.records);
      this.#handle({ type: 'chunk-received', nowMs, attempt, records: answerRecords(answer), nextKey: answer.nextKey });
    });
  }

  #prove(attempt: number, range: number): void {
    const received = this.#buffers.get(attempt) ?? [];
    const expected = this.#state.records[range];
    const isTrue = isEqual(received, expected);
    const bytes = this.#state.ranges[range]?.bytes ?? 0;
    const hashMs = (bytes * 1000) / (this.#options.provedBytesPerSecond ?? 20_000_000);
    const hasFailed = this.#random.chance(this.#options.proveFailChance ?? 0);
    this.#at(this.#nowMs + hashMs, () => {
      const nowMs = this.#nowMs;
      if (hasFailed) {
        this.#handle({ type: 'prove-failed', nowMs, attempt, message: 'the worker stopped' });
      } else if (isTrue) {
        this.#proved.add(attempt);
        this.#handle({ type: 'proved', nowMs, attempt });
      } else {
        this.#handle({ type: 'refuted', nowMs, attempt, reason: 'the sum differs' });
      }
    });
  }

  #commit(attempt: number, range: number): void {
    this.#expect(this.#proved.has(attempt), `attempt ${attempt} is written without a proof`);
    const records = this.#state.records[range] ?? [];
    const manifestId = this.#state.manifestId;
    const hasFailed = this.#random.chance(this.#options.commitFailChance ?? 0);
    this.#at(this.#nowMs + 2, () => {
      const nowMs = this.#nowMs;
      if (hasFailed || manifestId !== this.#state.manifestId) {
        this.#handle({ type: 'commit-failed', nowMs, attempt, message: 'no space left' });
        return;
      }
      this.#expect(!this.#stored.has(range), `range ${range} is written twice`);
      this.#stored.set(range, records);
      this.#buffers.delete(attempt);
      this.#handle({ type: 'committed', nowMs, attempt });
    });
  }

  #expect(isTrue: boolean, problem: string): void {
    if (!isTrue) throw new SimulationError(`Seed ${this.#options.seed}, at ${this.#nowMs} ms: ${problem}.`);
  }
}

function isEqual(a: readonly SimulatedRecord[] | undefined, b: readonly SimulatedRecord[] | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every(([key, value], index) => {
    const other = b[index];
    return other !== undefined && isSame(key, other[0]) && isSame(value, other[1]);
  });
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, index) => byte === b[index]));
}
