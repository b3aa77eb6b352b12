// Peers, a store and a clock around one UnprovedProgress. Everything follows from the world and its seed. A run fails when a promise is
// broken: an honest peer is banned, a lie has a name that several could bear, more is held than the limit, two chunks of a prefix are
// written at once or out of turn, the status contradicts the world, somebody is asked again and again in vain, or it does not end.

import { Heap } from '../../heap.js';
import type { UnprovedCommand, UnprovedEvent, UnprovedRequestCommand } from '../../unproved/unproved-messages.js';
import { UnprovedProgress } from '../../unproved/unproved-progress.js';
import { SimulationError } from '../invariants.js';
import { createRandom, type Random } from '../random.js';
import { SimulatedLine } from '../simulated-line.js';
import { answerOf, keyOf, placeOf, type UnprovedAnswer, UnprovedStore } from './unproved-store.js';
import type { UnprovedBehaviour, UnprovedReport, UnprovedWorld } from './unproved-world.js';

const day = 86_400_000;
const reconnectMs = 500;
/** Requests to one peer in a second, beyond one for each answer. */
const freeRequests = 40;

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly life: number | undefined;
  readonly run: () => void;
}

interface Connection {
  readonly behaviour: UnprovedBehaviour;
  line: SimulatedLine;
  isHere: boolean;
  isBanned: boolean;
  window: { fromMs: number; requests: number; answers: number };
}

/** Runs a world to its end. @throws SimulationError when a promise is broken */
export function simulateUnproved(world: UnprovedWorld): UnprovedReport {
  return new UnprovedSimulation(world).run();
}

class UnprovedSimulation {
  readonly #world: UnprovedWorld;
  readonly #random: Random;
  readonly #store: UnprovedStore;
  readonly #queue = new Heap<Pending>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  readonly #peers = new Map<string, Connection>();
  #machine: UnprovedProgress;
  readonly #held = new Map<number, { readonly prefix: number; readonly answer: UnprovedAnswer }>();
  readonly #asked = new Map<number, UnprovedRequestCommand>();
  readonly #writing = new Set<number>();
  readonly #clearing = new Set<number>();
  #tickAtMs: number | undefined;
  #nowMs = 0;
  #order = 0;
  #life = 1;
  #requests = 0;
  #receivedBytes = 0;
  #unnamed = 0;
  #isOver = false;

  constructor(world: UnprovedWorld) {
    this.#world = world;
    this.#random = createRandom(world.seed);
    this.#store = new UnprovedStore(world);
    this.#machine = new UnprovedProgress(world.options);
    for (const behaviour of world.peers) {
      const window = { fromMs: 0, requests: 0, answers: 0 };
      this.#peers.set(behaviour.name, {
        behaviour,
        line: lineOf(behaviour),
        isHere: false,
        isBanned: false,
        window,
      });
    }
  }

  run(): UnprovedReport {
    const { peers, killsMs = [], maxMs = day, seed, records, recordBytes } = this.#world;
    this.#handle({ type: 'began', nowMs: 0, prefixes: this.#store.list() });
    for (const { name, presence = [{ fromMs: 0, toMs: Number.POSITIVE_INFINITY }] } of peers) {
      for (const { fromMs, toMs } of presence) {
        this.#at(fromMs, () => this.#come(name), 'any life');
        if (toMs < Number.POSITIVE_INFINITY) this.#at(toMs, () => this.#go(name), 'any life');
      }
    }
    for (const atMs of killsMs) this.#at(atMs, () => this.#kill(), 'any life');
    for (let next = this.#queue.pop(); next !== undefined && !this.#isOver; next = this.#queue.pop()) {
      if (next.life !== undefined && next.life !== this.#life) continue;
      this.#expect(next.atMs <= maxMs, `it is not done: ${this.#machine.status(this.#nowMs).text}`);
      this.#nowMs = next.atMs;
      next.run();
    }
    const status = this.#machine.status(this.#nowMs);
    this.#expect(this.#isOver, `nothing happens any more: ${status.text}`);
    const isDone = status.phase === 'done';
    this.#expect(!isDone || this.#store.isExact, 'the store does not hold the state');
    return {
      ...{ seed, isDone, endMs: this.#nowMs, requests: this.#requests, receivedBytes: this.#receivedBytes },
      stateBytes: recordBytes * records.reduce((sum, count) => sum + count, 0),
      lives: this.#life,
      banned: [...this.#peers.values()].filter(({ isBanned }) => isBanned).map(({ behaviour }) => behaviour.name),
      unnamed: this.#unnamed,
      status,
    };
  }

  #at(atMs: number, run: () => void, life: 'this life' | 'any life' = 'this life'): void {
    this.#queue.push({ atMs, order: this.#order++, life: life === 'any life' ? undefined : this.#life, run });
  }

  #come(name: string): void {
    const peer = this.#peer(name);
    if (peer.isBanned || peer.isHere || this.#isOver) return;
    peer.isHere = true;
    peer.line = lineOf(peer.behaviour);
    this.#handle({ type: 'peer-joined', nowMs: this.#nowMs, peer: name });
  }

  #go(name: string): void {
    const peer = this.#peer(name);
    if (!peer.isHere) return;
    peer.isHere = false;
    if (!this.#isOver) this.#handle({ type: 'peer-left', nowMs: this.#nowMs, peer: name });
  }

  #kill(): void {
    if (this.#isOver) return;
    this.#life++;
    this.#machine = new UnprovedProgress(this.#world.options);
    for (const kept of [this.#held, this.#asked, this.#writing]) kept.clear();
    this.#tickAtMs = undefined;
    // What was being cleared is cleared when the store is opened.
    this.#clear();
    this.#handle({ type: 'began', nowMs: this.#nowMs, prefixes: this.#store.list() });
    for (const [name, peer] of this.#peers) {
      if (!peer.isHere) continue;
      peer.isHere = false;
      this.#at(this.#nowMs + this.#random.next() * reconnectMs, () => this.#come(name), 'any life');
    }
  }

  #handle(event: UnprovedEvent): void {
    const commands = this.#machine.handle(event);
    this.#world.onStep?.(event, commands);
    for (const command of commands) this.#carryOut(command);
    this.#compare();
    const { nextTickMs } = this.#machine;
    if (nextTickMs === undefined || nextTickMs === this.#tickAtMs) return;
    this.#expect(nextTickMs > this.#nowMs, 'it wants a tick at once');
    this.#tickAtMs = nextTickMs;
    this.#at(nextTickMs, () => {
      if (this.#tickAtMs !== nextTickMs) return;
      this.#tickAtMs = undefined;
      this.#handle({ type: 'tick', nowMs: this.#nowMs });
    });
  }

  #compare(): void {
    const { done, inFlight, prefixes, phase } = this.#machine.status(this.#nowMs);
    if (phase === 'failed') return;
    const clearing = prefixes.some(({ state }) => state === 'clearing');
    if (!clearing)
      this.#expect(done.records === this.#store.records, `${done.records} records instead of ${this.#store.records}`);
    this.#expect(inFlight.reservedBytes <= inFlight.limitBytes, 'more is in flight than the limit');
    this.#expect(
      inFlight.requests === this.#asked.size,
      `${inFlight.requests} requests instead of ${this.#asked.size}`,
    );
    const byPeer = new Map<string, number>();
    for (const { peer } of this.#asked.values()) byPeer.set(peer, (byPeer.get(peer) ?? 0) + 1);
    for (const [name, count] of byPeer) this.#expect(count <= 4, `${name} is asked for ${count} prefixes`);
  }

  #carryOut(command: UnprovedCommand): void {
    switch (command.type) {
      case 'request':
        this.#ask(command);
        return;
      case 'cancel-request':
        this.#expect(this.#asked.delete(command.request), 'a request is cancelled that nobody awaits');
        return;
      case 'write':
        this.#write(command.request, command.prefix);
        return;
      case 'drop':
        this.#held.delete(command.request);
        return;
      case 'clear':
        this.#expect(
          !command.prefixes.some((prefix) => this.#writing.has(prefix)),
          'a prefix is cleared while it is written',
        );
        this.#expect(
          !command.prefixes.some((prefix) => this.#clearing.has(prefix)),
          'a prefix is cleared while it is being cleared',
        );
        for (const prefix of command.prefixes) this.#clearing.add(prefix);
        this.#at(this.#nowMs + 5, () => {
          this.#clear();
          this.#handle({ type: 'cleared', nowMs: this.#nowMs, prefixes: command.prefixes });
        });
        return;
      case 'ban': {
        const peer = this.#peer(command.peer);
        this.#expect(
          peer.behaviour.lie !== undefined,
          `${command.peer} is banned (${command.reason}), but has sent nothing wrong`,
        );
        peer.isBanned = true;
        peer.isHere = false;
        return;
      }
      case 'unnamed': {
        this.#unnamed++;
        const isSeveral = command.peers.length > 1 || command.hasEarlier;
        this.#expect(isSeveral, 'a lie that only one can have told has no name');
        return;
      }
      case 'finish':
        this.#at(this.#nowMs + 1, () => {
          if (this.#store.isExact) this.#handle({ type: 'finished', nowMs: this.#nowMs });
          else this.#handle({ type: 'whole-refuted', nowMs: this.#nowMs, reason: 'sum' });
          this.#isOver = this.#machine.status(this.#nowMs).phase === 'done';
        });
        return;
      case 'stuck':
        return;
      case 'failed':
        this.#isOver = true;
        return;
    }
  }

  #ask(command: UnprovedRequestCommand): void {
    const peer = this.#peer(command.peer);
    this.#expect(peer.isHere, `${command.peer} is asked, but is not there`);
    this.#requests++;
    this.#asked.set(command.request, command);
    if (this.#nowMs - peer.window.fromMs >= 1_000) peer.window = { fromMs: this.#nowMs, requests: 0, answers: 0 };
    peer.window.requests++;
    const { requests, answers } = peer.window;
    this.#expect(
      requests <= answers + freeRequests,
      `it asks ${command.peer} ${requests} times in a second for ${answers} answers`,
    );
    const { line } = peer;
    this.#at(line.requestArrivesMs(this.#nowMs), () => this.#answer(peer, line, command));
  }

  #answer(peer: Connection, line: SimulatedLine, command: UnprovedRequestCommand): void {
    if (!peer.isHere || peer.line !== line) return;
    const { behaviour } = peer;
    const { stallChance = 0, unavailableChance = 0, leaveChance = 0, leaveMs = 1_000 } = behaviour;
    if (this.#random.chance(stallChance)) return;
    if (this.#random.chance(unavailableChance)) {
      this.#at(line.send(this.#nowMs, 10), () => this.#arrive(peer, line, command, undefined));
      return;
    }
    const isLie = behaviour.lie !== undefined && this.#random.chance(behaviour.lieChance ?? 1);
    const maxBytes = Math.min(command.maxBytes, behaviour.cutBytes ?? command.maxBytes);
    const ask = { prefix: command.prefix, from: placeOf(command.startKey), maxBytes };
    const given = answerOf(this.#world, ask, isLie ? behaviour.lie : undefined);
    const bytes = given.records.length * this.#world.recordBytes;
    this.#at(line.send(this.#nowMs, bytes), () => this.#arrive(peer, line, command, given));
    if (!this.#random.chance(leaveChance)) return;
    const { name } = behaviour;
    this.#at(line.send(this.#nowMs, 0) + 1, () => this.#go(name), 'any life');
    this.#at(line.send(this.#nowMs, 0) + 2 + leaveMs, () => this.#come(name), 'any life');
  }

  #arrive(
    peer: Connection,
    line: SimulatedLine,
    command: UnprovedRequestCommand,
    answer: UnprovedAnswer | undefined,
  ): void {
    const { request, prefix } = command;
    if (!peer.isHere || peer.line !== line) return;
    peer.window.answers++;
    const records = answer?.records.length ?? 0;
    const bytes = records * this.#world.recordBytes;
    this.#receivedBytes += bytes;
    if (!this.#asked.delete(request)) return;
    if (answer === undefined) {
      this.#handle({ type: 'chunk-unavailable', nowMs: this.#nowMs, request });
      return;
    }
    this.#held.set(request, { prefix, answer });
    const nextKey = answer.next === undefined ? undefined : keyOf(prefix, answer.next);
    this.#handle({ type: 'chunk-received', nowMs: this.#nowMs, request, records, bytes, nextKey });
  }

  #write(request: number, prefix: number): void {
    const held = this.#held.get(request);
    this.#expect(held?.prefix === prefix, 'a chunk is to be written that is not there');
    if (held === undefined) return;
    this.#expect(!this.#writing.has(prefix), `two chunks of prefix ${prefix} are written at once`);
    this.#writing.add(prefix);
    this.#at(this.#nowMs + (this.#world.writeMs ?? 1), () => {
      this.#writing.delete(prefix);
      this.#held.delete(request);
      const result = this.#store.write(prefix, held.answer);
      const nowMs = this.#nowMs;
      if (result === 'written') this.#handle({ type: 'written', nowMs, request });
      else this.#handle({ type: 'refuted', nowMs, request, scope: result, reason: 'simulated' });
    });
  }

  #clear(): void {
    this.#store.clear([...this.#clearing]);
    this.#clearing.clear();
  }

  #peer(name: string): Connection {
    const peer = this.#peers.get(name);
    if (peer === undefined) throw new Error(`there is no peer ${name}`);
    return peer;
  }

  #expect(isTrue: boolean, message: string): void {
    if (!isTrue) throw new SimulationError(`Seed ${this.#world.seed}, at ${Math.round(this.#nowMs)} ms: ${message}`);
  }
}

function lineOf({ name, bytesPerSecond = 1_000_000, roundTripMs = 50 }: UnprovedBehaviour): SimulatedLine {
  return new SimulatedLine({ name, bytesPerSecond, roundTripMs });
}
