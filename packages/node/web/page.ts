/** The page: takes the node's events, keeps what they say, and shows it once a frame. */
import type { ChangeEvent, PageSections, WholeEvent } from '../src/page/page-events.js';
import { byId, setText, watchScrollable } from './dom.js';
import { MapView } from './map-view.js';
import { RateCharts } from './rate-charts.js';
import {
  showBans,
  showBlocks,
  showNode,
  showPeers,
  showPrefixes,
  showSnapshots,
  showSync,
  showTrust,
} from './sections.js';

/** The browser gives up after some answers; then it is tried again after this. */
const retryMs = 5000;
/** Without a word for so long, the node counts as silent. The server says something every 15 s. */
const silenceMs = 25_000;

const map = new MapView();
const charts = new RateCharts();
const stale = new Set<keyof PageSections>();
let sections: PageSections | undefined;
/** The node's clock, less this machine's. */
let clockMs = 0;
let heardAtMs = 0;
let isDrawing = false;

function connect(): void {
  const events = new EventSource('/events');
  events.addEventListener('whole', ({ data }) => takeWhole(JSON.parse(data) as WholeEvent));
  events.addEventListener('change', ({ data }) => takeChange(JSON.parse(data) as ChangeEvent));
  events.addEventListener('open', () => showLink('live', 'live'));
  events.addEventListener('error', () => {
    showLink('lost', 'the node does not answer; trying again…');
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, retryMs);
  });
}

function takeWhole({ nowMs, sections: all, map: whole, rates }: WholeEvent): void {
  sections = all;
  hear(nowMs);
  map.show(whole);
  charts.show(rates);
  for (const name of Object.keys(all)) stale.add(name as keyof PageSections);
  draw();
}

function takeChange(change: ChangeEvent): void {
  if (sections === undefined) return;
  sections = { ...sections, ...change.sections };
  hear(change.nowMs);
  if (change.map !== undefined) map.show(change.map);
  if (change.mapChange !== undefined) map.change(change.mapChange);
  if (change.rates !== undefined) charts.add(change.rates);
  // The colours of peers come with the map.
  if (change.map !== undefined || (change.mapChange?.peers.length ?? 0) > 0) stale.add('peers');
  for (const name of Object.keys(change.sections)) stale.add(name as keyof PageSections);
  draw();
}

function hear(nowMs: number): void {
  heardAtMs = Date.now();
  clockMs = nowMs - heardAtMs;
  showLink('live', 'live');
}

function showLink(state: string, text: string): void {
  const link = byId('link');
  link.dataset['link'] = state;
  setText(link, text);
}

function draw(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    if (sections === undefined) return;
    const nowMs = Date.now() + clockMs;
    const isStale = (...names: readonly (keyof PageSections)[]) => names.some((name) => stale.has(name));
    if (isStale('node')) showNode(sections.node);
    if (isStale('sync')) showSync(sections.sync, nowMs);
    if (isStale('prefixes')) showPrefixes(sections.prefixes);
    if (isStale('peers')) showPeers(sections.peers, map);
    if (isStale('bans')) showBans(sections.bans, nowMs);
    if (isStale('snapshots', 'peers')) showSnapshots(sections.snapshots, sections.peers);
    if (isStale('blocks')) showBlocks(sections.blocks, nowMs);
    if (isStale('trust')) showTrust(sections.trust);
    stale.clear();
  });
}

connect();
watchScrollable();
setInterval(() => {
  if (heardAtMs > 0 && Date.now() - heardAtMs > silenceMs) showLink('lost', 'the node is silent');
  // Ages go on without news.
  stale.add('sync').add('bans');
  draw();
}, 1000);
