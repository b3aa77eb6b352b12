// An unproved download as a pure state machine: for chains whose headers carry no snapshot root, where nothing is proved before the
// last record is there. Owns which peer sends which prefix, what waits to be written, and who can be blamed.
//
// - A prefix comes from one peer at a time, chunk after chunk; several prefixes come from several peers at once.
// - While a prefix goes well, a peer that stalls or leaves is replaced where it stopped. If the prefix turns out wrong and one peer
//   sent all of it, that peer lied: who may take part has said what each prefix is. If several did, nobody is named; from then on
//   the prefix comes from one peer alone, from its start, until one brings it right or is banned.
// - If only the whole is known, the same holds for the whole.

import { SyncProgressError } from '../errors.js';
import { RateWindow } from '../rate.js';
import { type HeldChunk, type OpenRequest, PrefixWork } from './prefix-work.js';
import type {
  UnprovedBlame,
  UnprovedChunkReceived,
  UnprovedChunkRefuted,
  UnprovedCommand,
  UnprovedEvent,
  UnprovedPrefix,
} from './unproved-messages.js';
import { type UnprovedProgressOptions, type UnprovedSettings, unprovedSettingsFrom } from './unproved-options.js';
import { type UnprovedPeer, UnprovedPeers } from './unproved-peers.js';
import { describeUnproved } from './unproved-report.js';
import type { UnprovedPhase, UnprovedStatus } from './unproved-status.js';

const rateWindowMs = 10_000;

/** Events in, commands out; no I/O, no timers, no clock. */
export class UnprovedProgress {
  readonly #settings: UnprovedSettings;
  readonly #peers: UnprovedPeers;
  /** The largest first, so that it is not the one that is waited for in the end. */
  #works: readonly PrefixWork[] = [];
  readonly #rate = new RateWindow(rateWindowMs);
  #phase: UnprovedPhase = 'downloading';
  /** If only the whole is known to be wrong, all of it comes from this one peer. */
  #isWholeAlone = false;
  #sole: string | undefined;
  #nextRequest = 1;
  #receivedBytes = 0;
  #restarts = 0;
  #hasBegun = false;
  #nowMs = 0;
  #progressMs = 0;
  #stuckMs = 0;
  #failure = '';
  #commands: UnprovedCommand[] = [];

  constructor(options: UnprovedProgressOptions = {}) {
    this.#settings = unprovedSettingsFrom(options);
    this.#peers = new UnprovedPeers(this.#settings);
  }

  /**
   * Takes an event, and gives what is to be done, in order. Results of requests that are over are ignored.
   *
   * @throws SYNC_PROGRESS_ILLEGAL_TRANSITION, SYNC_PROGRESS_UNKNOWN_REQUEST: a mistake of the caller
   */
  handle(event: UnprovedEvent): readonly UnprovedCommand[] {
    this.#commands = [];
    if (this.#phase === 'done' || this.#phase === 'failed') return this.#commands;
    this.#take(event);
    if (this.#hasBegun) this.#advance(event.nowMs);
    return this.#commands;
  }

  /** When to send a `tick`, if nothing else happens before. */
  get nextTickMs(): number | undefined {
    if (!this.#hasBegun || this.#phase !== 'downloading') return undefined;
    const { requestTimeoutMs, maxIdleMs } = this.#settings;
    const timeouts = this.#works.flatMap(({ request }) => (request ? [request.sentMs + requestTimeoutMs] : []));
    const rests = this.#works.some((work) => work.isReady)
      ? this.#peers.all.filter(({ isHere, restsUntilMs }) => isHere && restsUntilMs > this.#nowMs)
      : [];
    const stuckMs = Math.max(this.#progressMs, this.#stuckMs) + maxIdleMs;
    return Math.min(stuckMs, ...timeouts, ...rests.map(({ restsUntilMs }) => restsUntilMs));
  }

  status(nowMs: number): UnprovedStatus {
    return describeUnproved({
      ...{ nowMs, phase: this.#phase, works: this.#works, peers: this.#peers.all, settings: this.#settings },
      ...{ receivedBytes: this.#receivedBytes, restarts: this.#restarts, failure: this.#failure },
      progressMs: this.#progressMs,
      bytesPerSecond: this.#rate.perSecond(nowMs),
    });
  }

  #take(event: UnprovedEvent): void {
    this.#nowMs = event.nowMs;
    switch (event.type) {
      case 'began':
        this.#begin(event.prefixes);
        return;
      case 'peer-joined':
        this.#peers.join(event.peer);
        return;
      case 'peer-left':
        this.#leave(event.peer);
        return;
      case 'chunk-received':
        this.#receive(event);
        return;
      case 'chunk-unavailable': {
        const found = this.#asked(event.request);
        if (found !== undefined) this.#lose(found.work, 'failed');
        return;
      }
      case 'written':
        this.#written(event.request);
        return;
      case 'refuted':
        this.#refuted(event);
        return;
      case 'cleared':
        for (const work of this.#works) {
          if (work.state === 'clearing' && event.prefixes.includes(work.prefix)) work.empty();
        }
        return;
      case 'finished':
        this.#requirePhase('finishing', event.type);
        this.#phase = 'done';
        return;
      case 'whole-refuted':
        this.#requirePhase('finishing', event.type);
        this.#phase = 'downloading';
        this.#wholeRefuted({ prefix: undefined, reason: event.reason, details: event.details ?? {} });
        return;
      case 'tick':
        return;
    }
  }

  #begin(prefixes: readonly UnprovedPrefix[]): void {
    if (this.#hasBegun) throw illegal('it has begun already');
    this.#hasBegun = true;
    this.#progressMs = this.#nowMs;
    this.#stuckMs = this.#nowMs;
    const size = (work: PrefixWork): number => work.expected?.bytes ?? Number.POSITIVE_INFINITY;
    this.#works = prefixes
      .map((prefix) => new PrefixWork(prefix))
      .sort((a, b) => (size(a) === size(b) ? a.prefix - b.prefix : size(b) - size(a)));
  }

  // Answers

  #receive({ request, records, bytes, nextKey }: UnprovedChunkReceived): void {
    const found = this.#asked(request);
    if (found === undefined) {
      this.#drop(request);
      return;
    }
    const { work, open } = found;
    const peer = this.#peers.find(open.peer) as UnprovedPeer;
    const elapsedMs = this.#nowMs - open.sentMs;
    work.request = undefined;
    this.#receivedBytes += bytes;
    this.#rate.add(bytes, this.#nowMs);
    if (this.#receivedBytes > this.#settings.maxReceivedBytes) {
      this.#drop(request);
      this.#fail('received-bytes', `${this.#receivedBytes} bytes came, and nothing is proved`);
      return;
    }
    if (bytes > open.maxBytes && records > 1) {
      this.#drop(request);
      const details = { asked: open.maxBytes, bytes, records };
      this.#ban(peer, { prefix: work.prefix, reason: 'chunk-too-large', details });
      return;
    }
    this.#peers.answered(peer, { records, bytes, elapsedMs });
    const { tenure } = work;
    tenure.waitedMs += elapsedMs;
    tenure.bytes += bytes;
    tenure.emptyChunks = records === 0 ? tenure.emptyChunks + 1 : 0;
    work.chunks.push({ request, peer: peer.name, records, bytes, nextKey });
    work.cursor = nextKey;
    if (nextKey === undefined) {
      this.#release(work);
      return;
    }
    const { slowAfterMs, minBytesPerSecond, maxEmptyChunks } = this.#settings;
    const isSlow = tenure.waitedMs >= slowAfterMs && tenure.bytes * 1000 < minBytesPerSecond * tenure.waitedMs;
    const isOfUse = !isSlow && tenure.emptyChunks < maxEmptyChunks;
    if (!isOfUse && this.#peers.hasOther(peer, this.#nowMs)) this.#lose(work, 'failed');
    else if (!work.isAlone && !this.#isWholeAlone && peer.holds.size > 1 && this.#peers.hasIdle(this.#nowMs)) {
      this.#release(work);
    }
  }

  #written(request: number): void {
    const { work, chunk } = this.#writing(request);
    work.isWriting = false;
    work.chunks.shift();
    work.records += chunk.records;
    work.bytes += chunk.bytes;
    this.#progressMs = this.#nowMs;
    if (chunk.nextKey === undefined) {
      work.state = 'whole';
      work.cursor = undefined;
    } else work.nextKey = chunk.nextKey;
  }

  #refuted({ request, scope, reason, details = {} }: UnprovedChunkRefuted): void {
    const { work, chunk } = this.#writing(request);
    work.isWriting = false;
    work.chunks.shift();
    const blame = { prefix: work.prefix, reason, details };
    const [only, ...others] = work.senders;
    const isOneSender = others.length === 0 && only === chunk.peer && !work.hasEarlier;
    // A chunk that breaks a rule by itself names its sender, whoever else sent something.
    if (scope === 'chunk' || isOneSender) this.#ban(this.#peers.find(chunk.peer) as UnprovedPeer, blame);
    else {
      this.#unnamed(blame, [work]);
      work.isAlone = true;
    }
    this.#doom(work);
  }

  #wholeRefuted(blame: UnprovedBlame): void {
    const senders = new Set(this.#works.flatMap((work) => [...work.senders]));
    const hasEarlier = this.#works.some((work) => work.hasEarlier);
    const [only, ...others] = senders;
    const peer = only === undefined || others.length > 0 || hasEarlier ? undefined : this.#peers.find(only);
    if (peer !== undefined) this.#ban(peer, blame);
    else this.#unnamed(blame, this.#works);
    this.#isWholeAlone = true;
    this.#sole = undefined;
    for (const work of this.#works) this.#doom(work);
  }

  // Blame

  #ban(peer: UnprovedPeer, blame: UnprovedBlame): void {
    peer.isBanned = true;
    this.#commands.push({ type: 'ban', peer: peer.name, ...blame });
    this.#leave(peer.name);
    // Whatever else it sent is as good as its word. What was compared with its part stands by itself.
    for (const work of this.#works) {
      const isSuspect = work.senders.has(peer.name) || work.chunks.some((chunk) => chunk.peer === peer.name);
      if (isSuspect && (work.state === 'open' || work.expected === undefined)) this.#doom(work);
    }
  }

  #unnamed(blame: UnprovedBlame, works: readonly PrefixWork[]): void {
    const peers = [...new Set(works.flatMap((work) => [...work.senders]))].sort();
    const hasEarlier = works.some((work) => work.hasEarlier);
    this.#commands.push({ type: 'unnamed', ...blame, peers, hasEarlier });
  }

  #leave(name: string): void {
    const peer = this.#peers.find(name);
    if (peer === undefined) return;
    peer.isHere = false;
    for (const work of this.#works) if (work.holder === name) this.#lose(work, 'left');
    if (this.#sole === name) this.#loseSole(peer);
  }

  /** The holder of a prefix is not to go on with it. */
  #lose(work: PrefixWork, why: 'failed' | 'left'): void {
    const peer = work.holder === undefined ? undefined : this.#peers.find(work.holder);
    // Who leaves owing an answer has failed as well: nobody is asked at once each time it comes back.
    const hasFailed = why === 'failed' || work.request !== undefined;
    if (work.request !== undefined && why === 'left') {
      this.#commands.push({ type: 'cancel-request', request: work.request.request });
    }
    work.request = undefined;
    this.#release(work);
    if (peer === undefined) return;
    if (hasFailed) this.#peers.fail(peer, this.#nowMs);
    if (this.#sole === peer.name) {
      if (why === 'failed') this.#loseSole(peer);
      return;
    }
    const hasSent = work.hasContent || work.chunks.length > 0;
    if (!work.isAlone || !hasSent || work.cursor === undefined) return;
    peer.desertions++;
    this.#doom(work);
  }

  #loseSole(peer: UnprovedPeer): void {
    this.#sole = undefined;
    peer.desertions++;
    for (const work of this.#works) this.#doom(work);
  }

  #release(work: PrefixWork): void {
    if (work.holder !== undefined) this.#peers.find(work.holder)?.holds.delete(work.prefix);
    work.holder = undefined;
    work.tenure = { waitedMs: 0, bytes: 0, emptyChunks: 0 };
  }

  /** Throws away what came for a prefix and, as soon as that can be, what was written. */
  #doom(work: PrefixWork): void {
    if (work.state === 'clearing') return;
    if (work.request !== undefined) this.#commands.push({ type: 'cancel-request', request: work.request.request });
    work.request = undefined;
    this.#release(work);
    for (const { request } of work.chunks.splice(work.isWriting ? 1 : 0)) this.#drop(request);
    work.isDoomed = work.isWriting || work.hasContent;
    work.goBack();
  }

  // Decisions

  #advance(nowMs: number): void {
    if (this.#phase !== 'downloading') return;
    for (const work of this.#works) {
      const { request } = work;
      if (request === undefined || nowMs < request.sentMs + this.#settings.requestTimeoutMs) continue;
      this.#commands.push({ type: 'cancel-request', request: request.request });
      this.#lose(work, 'failed');
    }
    this.#clear();
    if (this.#phase !== 'downloading') return;
    for (const work of this.#works) this.#write(work);
    for (const work of this.#works) this.#request(work, nowMs);
    if (this.#works.every(({ state, isDoomed }) => state === 'whole' && !isDoomed)) {
      this.#phase = 'finishing';
      this.#commands.push({ type: 'finish' });
      return;
    }
    if (nowMs < Math.max(this.#progressMs, this.#stuckMs) + this.#settings.maxIdleMs) return;
    this.#stuckMs = nowMs;
    this.#commands.push({ type: 'stuck' });
  }

  #clear(): void {
    const doomed = this.#works.filter(
      ({ state, isDoomed, isWriting }) => isDoomed && !isWriting && state !== 'clearing',
    );
    if (doomed.length === 0) return;
    this.#restarts += doomed.length;
    if (this.#restarts > this.#settings.maxRestarts) {
      this.#fail('restarts', `what was downloaded had to be thrown away ${this.#restarts} times`);
      return;
    }
    for (const work of doomed) work.state = 'clearing';
    this.#commands.push({ type: 'clear', prefixes: doomed.map(({ prefix }) => prefix).sort((a, b) => a - b) });
  }

  #write(work: PrefixWork): void {
    const [chunk] = work.chunks;
    if (chunk === undefined || work.isWriting || work.isDoomed || work.state !== 'open') return;
    work.isWriting = true;
    work.senders.add(chunk.peer);
    this.#commands.push({ type: 'write', request: chunk.request, prefix: work.prefix });
  }

  #request(work: PrefixWork, nowMs: number): void {
    if (!work.isReady || work.cursor === undefined) return;
    const peer = this.#holder(work, nowMs);
    if (peer === undefined) return;
    const maxBytes = this.#peers.chunkBytes(peer);
    const reserved = this.#works.reduce((sum, { reservedBytes }) => sum + reservedBytes, 0);
    if (reserved > 0 && reserved + maxBytes > this.#settings.maxBytesInFlight) return;
    work.holder = peer.name;
    peer.holds.add(work.prefix);
    if (this.#isWholeAlone) this.#sole = peer.name;
    const request = this.#nextRequest++;
    work.request = { request, peer: peer.name, sentMs: nowMs, maxBytes };
    const { prefix, cursor: startKey } = work;
    this.#commands.push({ type: 'request', request, peer: peer.name, prefix, startKey, maxBytes });
  }

  #holder(work: PrefixWork, nowMs: number): UnprovedPeer | undefined {
    if (work.holder !== undefined) return this.#peers.find(work.holder);
    if (this.#sole !== undefined) {
      const sole = this.#peers.find(this.#sole);
      const isFree = sole !== undefined && sole.holds.size < this.#settings.maxPrefixesPerPeer;
      return isFree && sole.isHere && sole.restsUntilMs <= nowMs ? sole : undefined;
    }
    return this.#peers.pick(nowMs, { isAlone: work.isAlone || this.#isWholeAlone });
  }

  #drop(request: number): void {
    this.#commands.push({ type: 'drop', request });
  }

  #fail(reason: 'received-bytes' | 'restarts', message: string): void {
    this.#phase = 'failed';
    this.#failure = message;
    for (const { request } of this.#works) {
      if (request !== undefined) this.#commands.push({ type: 'cancel-request', request: request.request });
    }
    this.#commands.push({ type: 'failed', reason, message });
  }

  /** The request, if its answer is still awaited. */
  #asked(request: number): { readonly work: PrefixWork; readonly open: OpenRequest } | undefined {
    this.#requireKnown(request);
    for (const work of this.#works) {
      if (work.request?.request === request) return { work, open: work.request };
    }
    return undefined;
  }

  #writing(request: number): { readonly work: PrefixWork; readonly chunk: HeldChunk } {
    this.#requireKnown(request);
    for (const work of this.#works) {
      const [chunk] = work.chunks;
      if (chunk?.request === request && work.isWriting) return { work, chunk };
    }
    throw illegal(`the chunk of request ${request} is not being written`);
  }

  #requireKnown(request: number): void {
    if (Number.isSafeInteger(request) && request > 0 && request < this.#nextRequest) return;
    throw new SyncProgressError('SYNC_PROGRESS_UNKNOWN_REQUEST', `there never was a request ${request}`, {
      details: { request },
    });
  }

  #requirePhase(phase: UnprovedPhase, event: string): void {
    if (this.#phase !== phase) throw illegal(`${event} while it is ${this.#phase}`);
  }
}

function illegal(message: string): SyncProgressError {
  return new SyncProgressError('SYNC_PROGRESS_ILLEGAL_TRANSITION', message);
}
