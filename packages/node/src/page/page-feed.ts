import { randomBytes } from 'node:crypto';
import type { StateMap } from '../activity/state-map.js';
import type { HttpNode } from '../http/http-node.js';
import { toJson } from '../http/send-reply.js';
import type { ChangeEvent, PageSections, WholeEvent, WholeMap } from './page-events.js';
import { describeForPage } from './page-sections.js';

/** Changes that are kept for who comes back: so many, and so many characters of them. */
const maxKept = 240;
const maxKeptCharacters = 2 * 1024 * 1024;

/** One server-sent event, as it goes over the wire. */
export interface FeedEvent {
  readonly id: string;
  readonly text: string;
}

/**
 * What the page is told, one change after the other, whoever listens. Without listeners nobody calls {@link PageFeed.step},
 * and nothing is done; the next step then holds all that has changed meanwhile.
 */
export class PageFeed<Header> {
  readonly #node: Pick<HttpNode<Header>, 'status' | 'activity' | 'store' | 'clock'>;
  /** Ids of another process, or of another feed, mean nothing here. */
  readonly #name = randomBytes(4).toString('hex');
  readonly #kept: FeedEvent[] = [];
  readonly #sent = new Map<keyof PageSections, string>();
  #keptCharacters = 0;
  #number = 0;
  #map: StateMap | undefined;
  #mapId = 0;
  #mapVersion = 0;
  #mapPeers = 0;
  #samples = 0;
  #isLoading = false;

  constructor(node: Pick<HttpNode<Header>, 'status' | 'activity' | 'store' | 'clock'>) {
    this.#node = node;
  }

  /** The change since the step before; `undefined` if there is none. */
  step(): FeedEvent | undefined {
    this.#showSnapshot();
    const { activity } = this.#node;
    const sections: Partial<Record<keyof PageSections, unknown>> = {};
    for (const [name, section] of Object.entries(describeForPage(this.#node)) as [keyof PageSections, unknown][]) {
      const text = toJson(section);
      if (this.#sent.get(name) === text) continue;
      this.#sent.set(name, text);
      sections[name] = section;
    }
    const change: ChangeEvent = {
      nowMs: this.#node.clock.wallMs(),
      sections: sections as Partial<PageSections>,
      ...this.#mapStep(),
      ...(activity.history.count > this.#samples ? { rates: activity.history.rates(this.#samples) } : {}),
    };
    this.#samples = activity.history.count;
    if (Object.keys(change).length === 2 && Object.keys(sections).length === 0) return undefined;
    const event = this.#format('change', change, ++this.#number);
    this.#keep(event);
    return event;
  }

  /** Everything, as of the last step. */
  whole(): FeedEvent {
    const { activity } = this.#node;
    const whole: WholeEvent = {
      nowMs: this.#node.clock.wallMs(),
      sections: describeForPage(this.#node),
      map: this.#wholeMap(),
      rates: activity.history.rates(),
    };
    return this.#format('whole', whole, this.#number);
  }

  /** The changes after the event with this id; `undefined` if they are not all kept. */
  after(id: string | undefined): readonly FeedEvent[] | undefined {
    if (id === undefined) return undefined;
    if (id === this.#id(this.#number)) return [];
    const index = this.#kept.findIndex((event) => event.id === id);
    const oldest = this.#kept[0];
    if (index >= 0) return this.#kept.slice(index + 1);
    return oldest !== undefined && id === this.#id(this.#number - this.#kept.length) ? [...this.#kept] : undefined;
  }

  /** Without a download there is still a state to show, once its manifest is read. */
  #showSnapshot(): void {
    const { activity, store } = this.#node;
    const newest = store.phase === 'ready' ? store.snapshots().at(-1)?.height : undefined;
    if (newest === undefined || activity.isDownload || this.#isLoading || activity.map?.height === newest) return;
    this.#isLoading = true;
    store
      .manifest(newest)
      .then((manifest) => activity.showSnapshot(manifest))
      // It was given up meanwhile, or the node is closing; the next step looks again.
      .catch(() => undefined)
      .finally(() => {
        this.#isLoading = false;
      });
  }

  #mapStep(): Pick<ChangeEvent, 'map' | 'mapChange'> {
    const { map } = this.#node.activity;
    if (map === undefined) return {};
    const isOther = map !== this.#map;
    const since = this.#mapVersion;
    const known = this.#mapPeers;
    this.#mapVersion = map.version;
    this.#mapPeers = map.peers.length;
    if (isOther) {
      this.#map = map;
      this.#mapId++;
      const whole = this.#wholeMap();
      return whole === undefined ? {} : { map: whole };
    }
    if (map.version === since) return {};
    return { mapChange: { id: this.#mapId, peers: map.peers.slice(known), runs: map.changesSince(since) } };
  }

  #wholeMap(): WholeMap | undefined {
    const map = this.#map;
    if (map === undefined) return undefined;
    const { height, cells, rangesPerCell, peers, entries } = map;
    const { isDownload } = this.#node.activity;
    const ranges = entries.length;
    return { id: this.#mapId, height, isDownload, ranges, cells, rangesPerCell, peers, runs: map.runs() };
  }

  #format(name: 'whole' | 'change', data: WholeEvent | ChangeEvent, number: number): FeedEvent {
    const id = this.#id(number);
    return { id, text: `event: ${name}\nid: ${id}\ndata: ${toJson(data)}\n\n` };
  }

  #id(number: number): string {
    return `${this.#name}-${number}`;
  }

  #keep(event: FeedEvent): void {
    this.#kept.push(event);
    this.#keptCharacters += event.text.length;
    while (this.#kept.length > maxKept || this.#keptCharacters > maxKeptCharacters) {
      const oldest = this.#kept.shift();
      if (oldest === undefined) break;
      this.#keptCharacters -= oldest.text.length;
    }
  }
}
