import type { Message } from '@hs/wire';
import { NodeError } from '../node-error.js';
import type { Clock } from './clock.js';
import { type Answer, answerNames, isAnswerName, isRequestName, type PeerRequest } from './message-roles.js';
import { type OwedAnswer, RequestLedger } from './request-ledger.js';

/** How a {@link PeerRequests} is made. */
export interface PeerRequestsOptions<Header> {
  readonly send: (message: Message<Header>) => Promise<void>;
  readonly layout: 'go' | 'extended';
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  readonly clock: Clock;
  /** The number of owed answers has changed. */
  readonly onChange: () => void;
}

/** Our requests to one peer: sent a few at a time, given up in time, matched with their answers. */
export class PeerRequests<Header> {
  readonly #options: PeerRequestsOptions<Header>;
  readonly #ledger = new RequestLedger<Answer<Header>>();
  readonly #waiting = new Set<() => void>();
  readonly #rejectWaiting = new Set<(error: Error) => void>();
  #nextId = 1;
  #closed: NodeError | undefined;

  constructor(options: PeerRequestsOptions<Header>) {
    this.#options = options;
  }

  /** Answers that the peer owes. */
  get owed(): number {
    return this.#ledger.size;
  }

  /** For how long the peer has owed an answer that nobody waits for any more. */
  get abandonedForMs(): number {
    const sinceMs = this.#ledger.oldestAbandonedAtMs;
    return sinceMs === undefined ? 0 : this.#options.clock.monotonicMs() - sinceMs;
  }

  isAwaited(name: Message<Header>['type']): boolean {
    return isAnswerName(name) && this.#ledger.expects(name);
  }

  ask(
    request: PeerRequest,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Answer<Header>> {
    const { signal, timeoutMs } = options;
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (!isRequestName(request.type)) return Promise.reject(new TypeError(`"${request.type}" is no request`));
    if (this.#waiting.size >= this.#options.maxWaiting) {
      const details = { waiting: this.#waiting.size };
      return Promise.reject(new NodeError('NODE_PEER_LIMIT', 'too many requests wait for this peer', { details }));
    }
    return new Promise((resolve, reject) => {
      let owed: OwedAnswer<Answer<Header>> | undefined;
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(start);
        this.#rejectWaiting.delete(fail);
      };
      const fail = (error: unknown) => {
        settle();
        reject(error);
      };
      const giveUp = (error: unknown) => {
        if (owed !== undefined) this.#ledger.abandon(owed, this.#options.clock.monotonicMs());
        fail(error);
      };
      const start = () => {
        this.#waiting.delete(start);
        this.#rejectWaiting.delete(fail);
        owed = this.#send(request, {
          resolve: (answer) => {
            settle();
            resolve(answer);
          },
          reject: fail,
        });
      };
      const onAbort = () => giveUp(signal?.reason);
      const timer = setTimeout(() => giveUp(late(request, timeoutMs)), timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      // A ping must not wait behind requests: it tells whether anything is answered at all.
      if (request.type === 'ping' || (this.#waiting.size === 0 && this.owed < this.#options.maxInFlight))
        return start();
      this.#waiting.add(start);
      this.#rejectWaiting.add(fail);
    });
  }

  /** Gives an answer to its request. False if nothing has asked for it. */
  settle(answer: Answer<Header>): boolean {
    const key = answer.type === 'pong' ? answer.nonce : 'requestId' in answer ? answer.requestId : undefined;
    const isOwed = this.#ledger.settle(answer.type, { key, value: answer });
    this.#startWaiting();
    this.#options.onChange();
    return isOwed;
  }

  close(error: NodeError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#ledger.rejectAll(error);
    for (const reject of [...this.#rejectWaiting]) reject(error);
  }

  #send(
    request: PeerRequest,
    caller: Pick<OwedAnswer<Answer<Header>>, 'resolve' | 'reject'>,
  ): OwedAnswer<Answer<Header>> {
    const hasId = this.#options.layout === 'extended' && idRequests.has(request.type);
    const requestId = hasId ? this.#takeId() : undefined;
    const key = request.type === 'ping' ? request.nonce : requestId;
    const owed = { answer: answerNames[request.type], key, ...caller };
    const message = (requestId === undefined ? request : { ...request, requestId }) as Message<Header>;
    // Before it is sent: the answer may be here before the socket reports that it took the request.
    this.#ledger.add(owed);
    this.#options.onChange();
    this.#options.send(message).catch((error: Error) => {
      this.#ledger.remove(owed);
      caller.reject(error);
      this.#startWaiting();
    });
    return owed;
  }

  #startWaiting(): void {
    for (const start of this.#waiting) {
      if (this.#closed !== undefined || this.owed >= this.#options.maxInFlight) return;
      start();
    }
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId = id >= 0xffff_ffff ? 1 : id + 1;
    return id;
  }
}

/** Requests that carry an id in the extended layout. */
const idRequests: ReadonlySet<PeerRequest['type']> = new Set(['get-snapshot', 'get-page-list', 'get-page']);

function late(request: PeerRequest, timeoutMs: number): NodeError {
  const details = { request: request.type, timeoutMs };
  return new NodeError('NODE_PEER_TIMEOUT', `no answer to "${request.type}" within ${timeoutMs} ms`, { details });
}
