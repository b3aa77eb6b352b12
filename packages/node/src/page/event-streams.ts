import type { ServerResponse } from 'node:http';
import { HttpError } from '../http/http-error.js';
import type { PageFeed } from './page-feed.js';

/** A watcher that has not read so much yet misses changes, and gets everything anew when it has. */
const maxUnreadBytes = 256 * 1024;

/** A watcher that reads nothing for so long is hung up on. */
const maxUnreadMs = 30_000;

/** Without news, something is sent this often, so that a dead connection is noticed. */
const heartbeatMs = 15_000;

interface Stream {
  readonly response: ServerResponse;
  /** Since when it has not read what was sent; `undefined` if it has. */
  behindSinceMs: number | undefined;
  hasMissed: boolean;
}

export interface EventStreamsOptions {
  readonly maxStreams: number;
  /** Time between two steps of the feed. */
  readonly intervalMs: number;
  /** The feed threw while nobody's request was being answered. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Sends a feed to whoever listens, as server-sent events: a bounded number of watchers, a bounded number of bytes for each. The
 * feed is stepped only while somebody listens.
 */
export class EventStreams<Header> {
  readonly #feed: PageFeed<Header>;
  readonly #options: EventStreamsOptions;
  readonly #streams = new Set<Stream>();
  #timer: NodeJS.Timeout | undefined;
  #sentAtMs = 0;

  constructor(feed: PageFeed<Header>, options: EventStreamsOptions) {
    this.#feed = feed;
    this.#options = options;
  }

  /** Who listens. */
  get size(): number {
    return this.#streams.size;
  }

  /** @throws HttpError HTTP_TOO_MANY_STREAMS */
  requireRoom(): void {
    const { maxStreams } = this.#options;
    if (this.#streams.size < maxStreams) return;
    throw new HttpError('HTTP_TOO_MANY_STREAMS', `${maxStreams} watch the events already`, {
      details: { maxStreams },
      headers: { 'retry-after': '10' },
    });
  }

  /** Sends events from now on: those after `lastEventId` if they are still kept, else everything first. */
  add(response: ServerResponse, lastEventId: string | undefined): void {
    // What changed since the last step must not be lost to the others.
    this.#step();
    const missed = this.#feed.after(lastEventId) ?? [this.#feed.whole()];
    const stream: Stream = { response, behindSinceMs: undefined, hasMissed: false };
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    response.on('drain', () => this.#attempt(() => this.#drained(stream)));
    response.once('close', () => this.#remove(stream));
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => this.#attempt(() => this.#step()), this.#options.intervalMs);
    this.#write(stream, `retry: 2000\n\n${missed.map(({ text }) => text).join('')}`);
  }

  /** Ends all streams. */
  close(): void {
    for (const { response } of this.#streams) response.destroy();
  }

  /** Nobody waits for what a timer or a socket sets off: a failure ends the streams, and whoever comes back is told. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onFailed(error);
      this.close();
    }
  }

  #step(): void {
    const event = this.#feed.step();
    const nowMs = performance.now();
    const text = event?.text ?? (nowMs - this.#sentAtMs >= heartbeatMs ? ':\n\n' : undefined);
    for (const stream of this.#streams) {
      if (stream.behindSinceMs !== undefined && nowMs - stream.behindSinceMs > maxUnreadMs) stream.response.destroy();
      else if (stream.response.writableLength > maxUnreadBytes) stream.hasMissed ||= event !== undefined;
      else if (text !== undefined && !stream.hasMissed) this.#write(stream, text);
    }
    if (text !== undefined) this.#sentAtMs = nowMs;
  }

  #write(stream: Stream, text: string): void {
    if (!stream.response.write(text)) stream.behindSinceMs ??= performance.now();
  }

  #drained(stream: Stream): void {
    stream.behindSinceMs = undefined;
    if (!stream.hasMissed) return;
    stream.hasMissed = false;
    this.#step();
    this.#write(stream, this.#feed.whole().text);
  }

  #remove(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
