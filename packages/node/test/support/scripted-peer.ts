import type { ExampleHeader } from '../../src/example-chain/header.js';
import type { AnswerTo, PeerRequest } from '../../src/network/message-roles.js';
import type { Peer } from '../../src/network/peer.js';
import { NodeError } from '../../src/node-error.js';
import type { ExampleMessage } from './meddling-proxy.js';

type Script = (request: PeerRequest) => object | undefined | Promise<object | undefined>;

/** A peer without a socket: what it answers is the test's; `undefined` is never to answer. */
export class ScriptedPeer implements Peer<ExampleHeader> {
  readonly id: string;
  readonly direction = 'outbound';
  readonly host: string;
  readonly nodeId = undefined;
  readonly remote = { services: 0n, userAgent: 'scripted', height: 0, minFeeRateNanosPerKb: 0n };
  readonly layout = 'extended';
  readonly connectedAtMs = 0;
  bytesIn = 0;
  readonly bytesOut = 0;
  readonly roundTripMs = undefined;
  readonly requestsInFlight = 0;
  readonly discardedMessages = 0;
  isClosed = false;
  closedFor: NodeError | string | undefined;
  readonly asked: PeerRequest[] = [];
  readonly sent: ExampleMessage[] = [];
  readonly #script: Script;

  constructor(id: string, script: Script, host = 'scripted') {
    this.id = id;
    this.host = host;
    this.#script = script;
  }

  async send(message: ExampleMessage): Promise<void> {
    this.sent.push(message);
  }

  async request<const Request extends PeerRequest>(
    message: Request,
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<AnswerTo<ExampleHeader, Request>> {
    this.asked.push(message);
    const answer = await this.#script(message);
    if (answer !== undefined) return answer as AnswerTo<ExampleHeader, Request>;
    const { signal, timeoutMs = 1_000 } = options;
    return new Promise((_, reject) => {
      const timer = setTimeout(() => reject(new NodeError('NODE_PEER_TIMEOUT', 'no answer')), timeoutMs);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  }

  close(reason: NodeError | string): void {
    this.isClosed = true;
    this.closedFor = reason;
  }
}
