// A network of simulated peers, a store and a clock around one HyperSyncProgress. Everything follows from the world and
// its seed. The simulation carries out commands as a node does, and fails when the machine breaks one of its promises.

import type { BanCommand, KeepCommand, RequestCommand, SyncCommand } from '../commands.js';
import type { SyncEvent } from '../events.js';
import { Heap } from '../heap.js';
import { HyperSyncProgress } from '../hyper-sync-progress.js';
import { settingsFrom } from '../options.js';
import { contradictionOf, SimulationError, SpinGuard } from './invariants.js';
import { createRandom, type Random } from './random.js';
import { SimulatedLine } from './simulated-line.js';
import { createChunk, type SimulatedChunk, SimulatedMemory } from './simulated-memory.js';
import { answerRequest, type PeerBehaviour, type SimulatedAnswer } from './simulated-peer.js';
import { SimulatedRequests } from './simulated-requests.js';
import { changedBytes, packSimulatedRecords, recordBytes, type SimulatedSnapshot } from './simulated-snapshot.js';
import { equalRecords, SimulatedStore } from './simulated-store.js';
import type { SimulatedMachine, SimulatedWorld, SimulationReport } from './simulated-world.js';

const retained = 2;
const day = 86_400_000;
/** A download may be so many times the bytes that were needed. */
const mostDownload = 1.3;
/** A status is compared with the world every so many events. */
const statusEvery = 5;
const manifestRetryMs = 1_000;
/** For so long the answer to a cancelled request is awaited, if it is. */
const abandonedMs = 5_000;
/** After a kill, peers are there again within this time. */
const reconnectMs = 500;

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly life: number | undefined;
  readonly run: () => void;
}

interface Connection {
  readonly behaviour: PeerBehaviour;
  readonly line: SimulatedLine;
  readonly isHonest: boolean;
  isHere: boolean;
  hasLied: boolean;
}

/** Runs a world to the end of the sync. @throws SimulationError when a promise is broken */
export function simulate(world: SimulatedWorld): SimulationReport {
  return new Simulation(world).run();
}

class Simulation {
  readonly #world: SimulatedWorld;
  readonly #random: Random;
  readonly #limitBytes: number;
  readonly #maxChunkBytes: number;
  readonly #queue = new Heap<Pending>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  readonly #peers = new Map<string, Connection>();
  readonly #requestsByPeer = new Map<string, number>();
  readonly #bans: BanCommand[] = [];
  readonly #banned = new Set<string>();
  readonly #store = new SimulatedStore();
  readonly #guard = new SpinGuard();
  readonly #epochMs: number;
  // What dies with the process.
  #machine: SimulatedMachine;
  #adopted: SimulatedSnapshot | undefined;
  #memory = new SimulatedMemory();
  #outstanding = new SimulatedRequests();
  #cancelledAttempts = new Set<number>();
  #proved = new Set<number>();
  #proofs = 0;
  #commits = 0;
  #tickAtMs: number | undefined;
  #isFetching = false;
  #lastChunk: SimulatedChunk | undefined;
  // What does not.
  #nowMs = 0;
  #order = 0;
  #life = 1;
  #events = 0;
  #requests = 0;
  #neededBytes = 0;
  #lies = 0;
  #adoptions = 0;
  #peakBytes = 0;
  #idleMs = 0;
  #idleMarkMs = 0;
  #isOver = false;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#random = createRandom(world.seed);
    const settings = settingsFrom(world.options ?? {});
    const largest = Math.max(...world.snapshots.flatMap(({ ranges }) => ranges.map(({ bytes }) => bytes)));
    this.#limitBytes = Math.max(settings.maxBytesInFlight, 2 * largest);
    this.#maxChunkBytes = settings.maxChunkBytes;
    this.#epochMs = world.epochMs ?? day;
    this.#machine = this.#createMachine();
    for (const behaviour of world.peers) {
      const { lie, floodChance = 0, hasForgedManifests = false } = behaviour;
      const isHonest = lie === undefined && floodChance === 0 && !hasForgedManifests;
      const line = new SimulatedLine(behaviour);
      this.#peers.set(behaviour.name, { behaviour, line, isHonest, isHere: false, hasLied: false });
    }
  }

  run(): SimulationReport {
    const { peers, killsMs = [], snapshots, maxMs = day } = this.#world;
    for (const { name, presence = [{ fromMs: 0, toMs: Number.POSITIVE_INFINITY }] } of peers) {
      for (const { fromMs, toMs } of presence) {
        this.#at(fromMs, () => this.#come(name), 'any life');
        if (toMs < Number.POSITIVE_INFINITY) this.#at(toMs, () => this.#go(name), 'any life');
      }
    }
    for (const atMs of killsMs) this.#at(atMs, () => this.#kill(), 'any life');
    for (const height of snapshots.keys()) {
      if (height > 0) this.#at(height * this.#epochMs, () => this.#offer(), 'any life');
    }
    this.#at(0, () => this.#fetchManifest());
    for (let next = this.#queue.pop(); next !== undefined && !this.#isOver; next = this.#queue.pop()) {
      if (next.life !== undefined && next.life !== this.#life) continue;
      this.#expect(next.atMs <= maxMs, `it is not done: ${this.#machine.status(this.#nowMs).text}`);
      this.#passTime(next.atMs);
      next.run();
    }
    const status = this.#machine.status(this.#nowMs);
    this.#expect(status.phase === 'done' || status.phase === 'failed', `nothing happens any more: ${status.text}`);
    if (status.phase === 'done') this.#checkEnd();
    return {
      seed: this.#world.seed,
      isDone: status.phase === 'done',
      endMs: this.#nowMs,
      events: this.#events,
      requests: this.#requests,
      requestsByPeer: this.#requestsByPeer,
      downloadedBytes: this.#downloadedBytes(),
      neededBytes: this.#neededBytes,
      lies: this.#lies,
      adoptions: this.#adoptions,
      lives: this.#life,
      peakBytes: this.#peakBytes,
      bans: this.#bans,
      status,
    };
  }

  #checkEnd(): void {
    const parts = this.#adopted?.parts ?? [];
    const isExact = this.#store.doneRanges === parts.length && parts.every((part) => this.#store.has(part));
    this.#expect(isExact, 'the store does not hold exactly the snapshot');
    const isOver = [...this.#memory.attempts].every((attempt) => this.#cancelledAttempts.has(attempt));
    this.#expect(isOver, 'records are kept after the end');
    const { reservedBytes } = this.#machine.status(this.#nowMs).inFlight;
    const lateBytes = this.#memory.heldBytes + this.#outstanding.outstandingBytes;
    this.#expect(reservedBytes === lateBytes, `${reservedBytes} bytes are reserved at the end, ${lateBytes} may come`);
    const most = mostDownload * this.#neededBytes + this.#lies * this.#maxChunkBytes;
    const downloaded = this.#downloadedBytes();
    const ratio = (downloaded / this.#neededBytes).toFixed(2);
    this.#expect(downloaded <= most, `${ratio} times the needed bytes were downloaded, with ${this.#lies} lies`);
  }

  #downloadedBytes(): number {
    let bytes = 0;
    for (const { line } of this.#peers.values()) {
      line.settle(this.#nowMs, this.#isOver);
      bytes += line.receivedBytes;
    }
    return bytes;
  }

  #createMachine(): SimulatedMachine {
    const { createMachine = (options) => new HyperSyncProgress(options), options = {} } = this.#world;
    return createMachine(options);
  }

  // Time

  #at(atMs: number, run: () => void, life: 'this life' | 'any life' = 'this life'): void {
    this.#queue.push({ atMs, order: this.#order++, life: life === 'any life' ? undefined : this.#life, run });
  }

  /** Counts for how long somebody honest could have brought progress. */
  #passTime(nowMs: number): void {
    if (this.#isHelpThere()) this.#idleMs += nowMs - this.#idleMarkMs;
    this.#idleMarkMs = nowMs;
    this.#nowMs = nowMs;
    const { maxIdleMs = 3_600_000 } = this.#world;
    this.#expect(this.#idleMs <= maxIdleMs, `no progress for ${Math.round(this.#idleMs)} ms with an honest peer there`);
  }

  #isHelpThere(): boolean {
    const height = this.#adopted?.height;
    for (const { behaviour, isHere, isHonest } of this.#peers.values()) {
      const isFit = isHere && isHonest && behaviour.stallChance === undefined && behaviour.haltChance === undefined;
      const isWilling = behaviour.unavailableChance === undefined && behaviour.desertChance === undefined;
      if (isFit && isWilling && height !== undefined && this.#isServed(behaviour, height)) return true;
    }
    return false;
  }

  // Snapshots

  get #newest(): number {
    return Math.min(Math.floor(this.#nowMs / this.#epochMs), this.#world.snapshots.length - 1);
  }

  #isServed(behaviour: PeerBehaviour, height: number): boolean {
    const lateMs = this.#nowMs - (behaviour.lagMs ?? 0);
    const newest = Math.max(0, Math.min(Math.floor(lateMs / this.#epochMs), this.#world.snapshots.length - 1));
    return height <= newest && height > newest - retained && (behaviour.serves?.(height) ?? true);
  }

  #offer(): void {
    const newest = this.#world.snapshots[this.#newest];
    if (this.#adopted === undefined || newest === undefined || newest.height <= this.#adopted.height) return;
    this.#handle({ type: 'snapshot-offered', nowMs: this.#nowMs, manifestId: newest.manifestId });
  }

  /** Asks one peer after the other for the manifest of the newest snapshot; the caller's part, so it is simple here. */
  #fetchManifest(tried: ReadonlySet<string> = new Set()): void {
    if (tried.size === 0 && this.#isFetching) return;
    this.#isFetching = true;
    const here = [...this.#peers.values()].filter(({ behaviour, isHere }) => isHere && !tried.has(behaviour.name));
    const peer = here[this.#random.below(here.length)];
    if (peer === undefined) {
      this.#isFetching = false;
      if (this.#adopted === undefined) this.#at(this.#nowMs + manifestRetryMs, () => this.#fetchManifest());
      return;
    }
    const { behaviour } = peer;
    const height = this.#newest;
    this.#at(this.#nowMs + (behaviour.roundTripMs ?? 50), () => {
      const isForged = behaviour.hasForgedManifests === true && peer.isHere;
      if (isForged) {
        this.#lies++;
        this.#banned.add(behaviour.name);
        this.#go(behaviour.name);
      }
      const isGiven = !isForged && peer.isHere && this.#isServed(behaviour, height);
      if (!isGiven) return this.#fetchManifest(new Set(tried).add(behaviour.name));
      this.#isFetching = false;
      const snapshot = this.#world.snapshots[height];
      if (snapshot === undefined || height <= (this.#adopted?.height ?? -1)) return;
      this.#neededBytes += this.#adopted === undefined ? snapshot.bytes : changedBytes(this.#adopted, snapshot);
      this.#adoptions++;
      this.#adopt(snapshot);
    });
  }

  #adopt(snapshot: SimulatedSnapshot): void {
    this.#adopted = snapshot;
    const proved = this.#store.adopt(snapshot);
    const { manifestId, ranges } = snapshot;
    // All that is under way belongs to the manifest before.
    this.#handle({ type: 'manifest-adopted', nowMs: this.#nowMs, manifestId, ranges, proved });
    this.#offer();
  }

  // Peers and processes

  #come(name: string): void {
    const peer = this.#peers.get(name);
    if (peer === undefined || peer.isHere || this.#banned.has(name)) return;
    peer.isHere = true;
    this.#handle({ type: 'peer-joined', nowMs: this.#nowMs, peer: name });
  }

  #go(name: string): void {
    const peer = this.#peers.get(name);
    if (peer === undefined || !peer.isHere) return;
    this.#breakOff(peer);
    this.#handle({ type: 'peer-left', nowMs: this.#nowMs, peer: name });
  }

  #breakOff(peer: Connection): void {
    peer.isHere = false;
    peer.line.settle(this.#nowMs, true);
    for (const request of this.#outstanding.at(peer.behaviour.name)) this.#outstanding.remove(request);
  }

  #kill(): void {
    if (this.#isOver) return;
    this.#life++;
    for (const peer of this.#peers.values()) peer.line.settle(this.#nowMs, true);
    this.#machine = this.#createMachine();
    this.#memory = new SimulatedMemory();
    this.#outstanding = new SimulatedRequests();
    this.#cancelledAttempts = new Set();
    this.#proved = new Set();
    this.#proofs = 0;
    this.#commits = 0;
    this.#tickAtMs = undefined;
    this.#isFetching = false;
    for (const [name, peer] of this.#peers) {
      if (!peer.isHere) continue;
      peer.isHere = false;
      this.#at(this.#nowMs + this.#random.below(reconnectMs), () => this.#come(name), 'any life');
    }
    const { snapshot } = this.#store;
    if (snapshot === undefined) this.#fetchManifest();
    else this.#adopt(snapshot);
  }

  // The machine

  #handle(event: SyncEvent): void {
    this.#events++;
    const commands = this.#machine.handle(event);
    this.#world.onStep?.(event, commands, this.#life);
    const life = this.#life;
    for (const command of commands) this.#carryOut(command);
    if (life !== this.#life || this.#isOver) return;
    const problem = this.#guard.look(event, commands, this.#machine.nextTickMs);
    this.#expect(problem === undefined, problem ?? '');
    const usedBytes = this.#memory.heldBytes + this.#outstanding.outstandingBytes;
    this.#peakBytes = Math.max(this.#peakBytes, usedBytes);
    this.#expect(usedBytes <= this.#limitBytes, `${usedBytes} bytes are under way, ${this.#limitBytes} may be`);
    if (this.#events % statusEvery === 0) this.#checkStatus();
    this.#scheduleTick();
  }

  #scheduleTick(): void {
    const { nextTickMs } = this.#machine;
    if (nextTickMs === undefined || nextTickMs === this.#tickAtMs) return;
    this.#tickAtMs = nextTickMs;
    this.#at(nextTickMs, () => {
      if (this.#tickAtMs !== nextTickMs) return;
      this.#tickAtMs = undefined;
      this.#handle({ type: 'tick', nowMs: this.#nowMs });
    });
  }

  #checkStatus(): void {
    const problem = contradictionOf(this.#machine.status(this.#nowMs), {
      isAdopted: this.#adopted !== undefined,
      doneRanges: this.#store.doneRanges,
      doneBytes: this.#store.doneBytes,
      totalRanges: this.#adopted?.parts.length ?? 0,
      totalBytes: this.#adopted?.bytes ?? 0,
      connected: new Set([...this.#peers].filter(([, peer]) => peer.isHere).map(([name]) => name)),
      wantedRequests: this.#outstanding.wantedByPeer,
      wanted: this.#outstanding.wanted,
      proofs: this.#proofs,
      commits: this.#commits,
      heldBytes: this.#memory.heldBytes,
      outstandingBytes: this.#outstanding.outstandingBytes,
      limitBytes: this.#limitBytes,
    });
    this.#expect(problem === undefined, problem ?? '');
  }

  #carryOut(command: SyncCommand): void {
    switch (command.type) {
      case 'request':
        this.#send(command);
        return;
      case 'cancel-request':
        this.#cancel(command.request);
        return;
      case 'keep':
        this.#keep(command);
        return;
      case 'prove':
        this.#prove(command.attempt, command.range);
        return;
      case 'commit':
        this.#commit(command.attempt, command.range);
        return;
      case 'cancel':
        this.#cancelledAttempts.add(command.attempt);
        return;
      case 'discard':
        this.#memory.discard(command.attempt);
        return;
      case 'ban':
        this.#ban(command);
        return;
      case 'adopt-newer':
        this.#fetchManifest();
        return;
      case 'done':
      case 'failed':
        this.#isOver = true;
        return;
      case 'wait':
    }
  }

  #ban(command: BanCommand): void {
    const { peer: name, evidence } = command;
    const peer = this.#peers.get(name);
    this.#expect(peer?.hasLied === true, `${name} is banned (${command.reason}), but has sent nothing wrong`);
    this.#expect(evidence.text !== '' && !this.#banned.has(name), `${name} is banned twice or without a word`);
    this.#bans.push(command);
    this.#banned.add(name);
    if (peer?.isHere) this.#breakOff(peer);
  }

  // Requests

  #send(command: RequestCommand): void {
    const { peer: name } = command;
    const peer = this.#peers.get(name);
    this.#expect(peer?.isHere === true, `${name} is asked, but is not there`);
    if (peer === undefined) return;
    this.#requests++;
    this.#requestsByPeer.set(name, (this.#requestsByPeer.get(name) ?? 0) + 1);
    this.#outstanding.add(command);
    const snapshot = this.#adopted;
    if (snapshot === undefined) return;
    const life = this.#life;
    this.#at(peer.line.requestArrivesMs(this.#nowMs), () => {
      if (this.#outstanding.has(command) && this.#life === life) this.#answer(peer, command, snapshot);
    });
  }

  /** As a caller does: the answer is awaited for a while, or not at all. */
  #cancel(id: number): void {
    const request = this.#outstanding.of(id);
    this.#expect(request !== undefined, `request ${id} is cancelled, but is not there`);
    if (request === undefined) return;
    this.#outstanding.cancel(request);
    const isAwaited = this.#random.chance(0.5);
    this.#at(this.#nowMs + (isAwaited ? abandonedMs : 0), () => {
      if (!this.#outstanding.has(request)) return;
      this.#outstanding.remove(request);
      this.#handle({ type: 'request-cancelled', nowMs: this.#nowMs, request: id });
    });
  }

  #answer(peer: Connection, request: RequestCommand, snapshot: SimulatedSnapshot): void {
    const { behaviour, line } = peer;
    const random = this.#random;
    const isServed = this.#isServed(behaviour, snapshot.height);
    const older = this.#world.snapshots[snapshot.height - 1];
    const answer = answerRequest(behaviour, { request, snapshot, older, isServed, random });
    if (answer.type === 'none') return;
    const bytes = answer.type === 'chunk' ? recordBytes(answer.records) : 0;
    if (answer.type === 'chunk' && answer.isLie) {
      this.#lies++;
      peer.hasLied = true;
    }
    if (bytes > 0 && random.chance(behaviour.haltChance ?? 0)) {
      line.send(this.#nowMs, bytes / 2);
      return;
    }
    const arrivesMs = line.send(this.#nowMs, bytes);
    if (bytes > 0 && random.chance(behaviour.desertChance ?? 0)) {
      const leavesMs = arrivesMs - 1e-6;
      this.#at(leavesMs, () => this.#go(behaviour.name));
      this.#at(leavesMs + (behaviour.desertMs ?? 1_000), () => this.#come(behaviour.name), 'any life');
      return;
    }
    this.#at(arrivesMs, () => this.#receive(peer, request, answer));
    if (random.chance(behaviour.floodChance ?? 0)) this.#flood(peer);
  }

  #flood(peer: Connection): void {
    const { behaviour, line } = peer;
    this.#lies++;
    peer.hasLied = true;
    const bytes = Math.min(behaviour.floodBytes ?? this.#maxChunkBytes, this.#maxChunkBytes);
    this.#at(line.send(this.#nowMs, bytes), () => {
      if (!peer.isHere) return;
      this.#handle({ type: 'unrequested-received', nowMs: this.#nowMs, peer: behaviour.name, bytes });
      this.#expect(this.#banned.has(behaviour.name), `${behaviour.name} floods and is not banned`);
    });
  }

  #receive(peer: Connection, request: RequestCommand, answer: SimulatedAnswer): void {
    const { request: id } = request;
    if (!this.#outstanding.has(request)) return;
    const { name } = peer.behaviour;
    peer.line.settle(this.#nowMs);
    this.#outstanding.remove(request);
    const nowMs = this.#nowMs;
    if (answer.type !== 'chunk') {
      this.#handle({ type: 'chunk-unavailable', nowMs, request: id });
      return;
    }
    if (answer.isWrongHeight) {
      const bytes = recordBytes(answer.records);
      this.#handle({ type: 'unrequested-received', nowMs, peer: name, bytes });
      return;
    }
    const { records, nextKey } = answer;
    this.#guard.noteAnswer(name, nowMs);
    this.#lastChunk = createChunk(name, records);
    const before = this.#memory.size;
    this.#handle({ type: 'chunk-received', nowMs, request: id, records: packSimulatedRecords(records), nextKey });
    this.#lastChunk = undefined;
    if (this.#memory.size > before) this.#progress();
  }

  #progress(): void {
    this.#idleMs = 0;
  }

  // Records

  #keep(command: KeepCommand): void {
    const chunk = this.#lastChunk;
    this.#expect(chunk !== undefined, 'something is to be kept, but no chunk has come');
    if (chunk === undefined) return;
    const { peer, range } = this.#memory.keep(chunk, command);
    const isOne = peer === chunk.peer && range === command.range;
    this.#expect(isOne, `attempt ${command.attempt} has two senders or two ranges`);
  }

  #prove(attempt: number, range: number): void {
    const { proveFailChance = 0, provedBytesPerSecond = 20_000_000 } = this.#world;
    const kept = this.#memory.of(attempt);
    this.#expect(kept?.range === range, `attempt ${attempt} is checked, but not of range ${range}`);
    const truth = this.#adopted?.parts[range]?.records ?? [];
    const isTrue = equalRecords(kept?.records ?? [], truth);
    const bytes = recordBytes(truth);
    const hasFailed = this.#random.chance(proveFailChance);
    this.#proofs++;
    this.#at(this.#nowMs + (bytes * 1000) / provedBytesPerSecond, () => {
      const nowMs = this.#nowMs;
      this.#proofs--;
      const isCancelled = this.#cancelledAttempts.delete(attempt);
      if (isCancelled) this.#memory.discard(attempt);
      if (hasFailed) return this.#handle({ type: 'prove-failed', nowMs, attempt, message: 'the worker stopped' });
      if (isTrue) {
        if (!isCancelled) this.#proved.add(attempt);
        return this.#handle({ type: 'proved', nowMs, attempt });
      }
      const details = { expected: 'one sum', got: 'another sum', digest: `of ${bytes} bytes` };
      this.#handle({ type: 'refuted', nowMs, attempt, reason: 'the sum differs', details });
      const isBanned = this.#banned.has(kept?.peer ?? '');
      this.#expect(isCancelled || isBanned, `${kept?.peer} sent a wrong range and is not banned`);
    });
  }

  #commit(attempt: number, range: number): void {
    const kept = this.#memory.of(attempt);
    const snapshot = this.#adopted;
    const part = snapshot?.parts[range];
    this.#expect(
      part !== undefined && kept?.range === range,
      `attempt ${attempt} is written, but not of range ${range}`,
    );
    this.#expect(this.#proved.has(attempt), `attempt ${attempt} is written without a proof`);
    this.#expect(
      equalRecords(kept?.records ?? [], part?.records ?? []),
      `range ${range} is written with wrong records`,
    );
    const hasFailed = this.#random.chance(this.#world.commitFailChance ?? 0);
    this.#commits++;
    this.#at(this.#nowMs + (this.#world.commitMs ?? 2), () => {
      const nowMs = this.#nowMs;
      this.#commits--;
      const isSuperseded = this.#cancelledAttempts.delete(attempt) || snapshot !== this.#adopted;
      if (isSuperseded) this.#memory.discard(attempt);
      if (hasFailed || isSuperseded || part === undefined) {
        return this.#handle({ type: 'commit-failed', nowMs, attempt, message: 'no space left' });
      }
      this.#expect(!this.#store.has(part), `range ${range} is written twice`);
      this.#store.commit(part);
      this.#memory.discard(attempt);
      this.#progress();
      this.#handle({ type: 'committed', nowMs, attempt });
    });
  }

  #expect(isTrue: boolean, problem: string): void {
    if (!isTrue) throw new SimulationError(`Seed ${this.#world.seed}, at ${Math.round(this.#nowMs)} ms: ${problem}.`);
  }
}
