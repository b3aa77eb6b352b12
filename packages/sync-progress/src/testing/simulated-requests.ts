import type { RequestCommand } from '../commands.js';

/** The newcomer's requests outstanding, cancelled ones included. */
export class SimulatedRequests {
  readonly #outstanding = new Map<number, RequestCommand>();
  readonly #cancelled = new Set<number>();
  readonly wantedByPeer: Map<string, number> = new Map();
  outstandingBytes = 0;

  /** Those whose answers are wanted. */
  get wanted(): number {
    return this.#outstanding.size - this.#cancelled.size;
  }

  has(request: RequestCommand): boolean {
    return this.#outstanding.get(request.request) === request;
  }

  of(id: number): RequestCommand | undefined {
    return this.#outstanding.get(id);
  }

  at(peer: string): RequestCommand[] {
    return [...this.#outstanding.values()].filter((request) => request.peer === peer);
  }

  add(request: RequestCommand): void {
    this.#outstanding.set(request.request, request);
    this.outstandingBytes += request.maxBytes;
    this.#count(request.peer, 1);
  }

  cancel(request: RequestCommand): void {
    this.#cancelled.add(request.request);
    this.#count(request.peer, -1);
  }

  remove(request: RequestCommand): void {
    this.#outstanding.delete(request.request);
    this.outstandingBytes -= request.maxBytes;
    if (!this.#cancelled.delete(request.request)) this.#count(request.peer, -1);
  }

  #count(peer: string, by: number): void {
    this.wantedByPeer.set(peer, (this.wantedByPeer.get(peer) ?? 0) + by);
  }
}
