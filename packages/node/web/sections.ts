import type { Lease, PageSections, PeerSection, SyncSection } from '../src/page/page-events.js';
import { byId, type Column, keepChildren, keepFacts, keepRows, make, setText, textColumn } from './dom.js';
import { brief, count, duration, moment, percent, size } from './format.js';
import type { MapView } from './map-view.js';

/** What the node is called, and which software it runs. */
export function showNode({ chain, userAgent, memoryMegabytes }: PageSections['node']): void {
  setText(byId('chain-name'), chain.name);
  setText(byId('software'), `${userAgent}, ${count(memoryMegabytes)} MB of memory.`);
}

/** Phase, progress, and the main facts. */
export function showSync(sync: SyncSection, nowMs: number): void {
  const { phase, text, download, downloaded, height, stateRoot, headerHeight, tipTimeMs, pool } = sync;
  const pill = byId('phase');
  pill.dataset['phase'] = phase;
  setText(pill, phase);
  setText(byId('text'), sentence(text));
  const part = download === undefined ? 0 : download.done.bytes / Math.max(1, download.total.bytes);
  document.title = `${download === undefined ? phase : percent(part)} · ${byId('chain-name').textContent}`;
  // Said aloud when it changes, and not at every step.
  setText(byId('announcement'), `The node is in phase ${phase}.`);

  byId('progress-card').hidden = download === undefined;
  if (download !== undefined) {
    byId<HTMLProgressElement>('progress').value = part;
    setText(byId('progress-percent'), percent(part));
    setText(byId('progress-title'), `Downloading snapshot ${count(download.snapshotHeight)}`);
    setText(
      byId('progress-eta'),
      download.etaMs === undefined ? 'nothing arrives now' : `${duration(download.etaMs)} to go`,
    );
    const since = download.waitingForMs > 10_000 ? ` (for ${duration(download.waitingForMs)})` : '';
    setText(byId('waiting'), download.waitingFor + since);
    keepFacts(byId('download-facts'), [
      { name: 'Ranges', value: `${count(download.done.ranges)} of ${count(download.total.ranges)}` },
      { name: 'Records', value: `${count(download.done.records)} of ${count(download.total.records)}` },
      { name: 'Bytes', value: `${size(download.done.bytes)} of ${size(download.total.bytes)}` },
      { name: 'Requests', value: count(download.requests) },
      { name: 'Being hashed, written', value: `${count(download.proving)}, ${count(download.committing)}` },
      { name: 'In memory', value: `${size(download.heldBytes)} of at most ${size(download.limitBytes)}` },
      {
        name: 'Here before',
        value: download.resumed.ranges > 0 ? `${count(download.resumed.ranges)} ranges` : undefined,
      },
    ]);
  }
  keepFacts(byId('facts'), [
    { name: 'Height', value: height === undefined ? 'not complete' : count(height) },
    { name: 'Header height', value: count(headerHeight) },
    { name: 'Age of the tip', value: duration(Math.max(0, nowMs - tipTimeMs)) },
    { name: 'Records', value: height === undefined ? undefined : count(sync.records) },
    { name: 'Size', value: height === undefined ? undefined : size(sync.stateBytes) },
    { name: 'Waiting transactions', value: count(pool.transactions) },
    { name: `In phase ${phase} for`, value: duration(Math.max(0, nowMs - sync.sinceMs)) },
    {
      name: 'Synced by',
      value: downloaded && `snapshot ${count(downloaded.snapshotHeight)} in ${duration(downloaded.elapsedMs)}`,
    },
    { name: 'State root', value: stateRoot, isHash: true },
    { name: 'Last network error', value: describeError(sync, nowMs), isLong: true },
  ]);
}

function describeError({ lastNetworkError, phase }: SyncSection, nowMs: number): string | undefined {
  // While there is something to do with others, bans and peers say enough.
  if (lastNetworkError === undefined || !['connecting', 'headers', 'stale', 'failed'].includes(phase)) return undefined;
  return `${lastNetworkError.message}, ${duration(Math.max(0, nowMs - lastNetworkError.atMs))} ago`;
}

export function showPrefixes(prefixes: PageSections['prefixes']): void {
  keepRows(byId('prefixes'), prefixes, {
    key: ({ prefix }) => String(prefix),
    columns: [
      textColumn(({ prefix }) => String(prefix), '', true),
      textColumn(({ ranges }) => count(ranges), 'n'),
      textColumn(({ ranges, committed }) => `${count(committed)} (${percent(committed / ranges)})`, 'n'),
      textColumn(({ records }) => count(records), 'n'),
      textColumn(({ bytes }) => size(bytes), 'n'),
    ],
  });
}

export function showPeers(peers: readonly PeerSection[], map: MapView): void {
  setText(byId('peers-note'), peers.length === 0 ? 'nobody is connected' : `${count(peers.length)} connected`);
  const address: Column<PeerSection> = {
    isHeader: true,
    fill: (cell, { id }) => {
      if (cell.childElementCount === 0) cell.append(make('span', { className: 'swatch' }), make('span'));
      const [swatch, name] = cell.children as unknown as [HTMLElement, HTMLElement];
      const number = map.numberOf(id);
      swatch.style.setProperty('background', number === 0 ? 'transparent' : map.colours.of(5 + 8 * number));
      setText(name, id);
    },
  };
  const share: Column<PeerSection> = {
    className: 'n share',
    fill: (cell, { id, share: part }) => {
      if (cell.childElementCount === 0) {
        const bar = make('i');
        bar.append(make('b'));
        cell.append(bar, make('span'));
      }
      const [bar, words] = cell.children as unknown as [HTMLElement, HTMLElement];
      const fill = bar.firstElementChild as HTMLElement;
      bar.hidden = part === undefined;
      fill.style.setProperty('width', `${100 * (part ?? 0)}%`);
      fill.style.setProperty('background', map.colours.of(5 + 8 * map.numberOf(id)));
      setText(words, part === undefined ? '–' : percent(part));
    },
  };
  keepRows(byId('peers'), peers, {
    key: ({ id }) => id,
    columns: [
      address,
      textColumn(({ userAgent }) => userAgent || '–'),
      textColumn(({ direction, layout }) => (layout === 'go' ? `${direction}, Go layout` : direction)),
      share,
      textColumn(({ bytesPerSecond }) => (bytesPerSecond === undefined ? '–' : `${size(bytesPerSecond)}/s`), 'n'),
      textColumn(({ roundTripMs }) => (roundTripMs === undefined ? '–' : `${brief(roundTripMs)} ms`), 'n'),
      textColumn(({ megabytesIn }) => size(megabytesIn * 1_000_000), 'n'),
      textColumn(({ megabytesOut }) => size(megabytesOut * 1_000_000), 'n'),
      textColumn(
        ({ score, failures = 0 }) => (failures > 0 ? `${score}, ${count(failures)} failures` : String(score)),
        'n',
      ),
      textColumn(({ lease }) => (lease === undefined ? '–' : describeLease(lease))),
    ],
  });
}

function describeLease({ height, endsAtMs }: Lease): string {
  return `${count(height)} until ${new Date(endsAtMs).toLocaleTimeString('en-GB', { timeStyle: 'short' })}`;
}

export function showBans(bans: PageSections['bans'], nowMs: number): void {
  byId('no-bans').hidden = bans.length > 0;
  keepChildren(byId('bans'), bans, {
    key: ({ address, bannedAtMs }) => `${address} ${bannedAtMs}`,
    create: () => {
      const item = make('li');
      const details = make('details');
      details.append(make('summary', { text: 'Evidence' }), make('pre'));
      const title = make('div');
      title.append(make('strong', { className: 'bad' }), make('span', { className: 'quiet' }));
      item.append(title, make('div'), details);
      return item;
    },
    fill: (item, { address, reason, evidence, bannedAtMs, expiresAtMs }) => {
      const [title, why, details] = item.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
      setText(title.children[0] as Element, address);
      const left = duration(Math.max(0, expiresAtMs - nowMs));
      setText(title.children[1] as Element, ` banned at ${moment(bannedAtMs, nowMs)}, ${left} left`);
      setText(why, sentence(reason));
      setText(details.children[1] as Element, JSON.stringify(evidence, undefined, 2));
    },
  });
}

export function showSnapshots(snapshots: PageSections['snapshots'], peers: readonly PeerSection[]): void {
  byId('no-snapshots').hidden = snapshots.length > 0;
  byId('snapshots-region').hidden = snapshots.length === 0;
  const leases = (height: number): string => {
    const held = peers.filter(({ lease }) => lease?.height === height).length;
    const given = peers.filter(({ promised }) => promised?.height === height).length;
    const parts = [given > 0 ? `promised to ${given}` : '', held > 0 ? `promised by ${held}` : ''].filter(
      (part) => part !== '',
    );
    return parts.length === 0 ? '–' : parts.join(', ');
  };
  keepRows(byId('snapshots'), [...snapshots].reverse(), {
    key: ({ height }) => String(height),
    columns: [
      textColumn(({ height }) => count(height), 'n', true),
      { className: 'hash', fill: showHash(({ root }) => root) },
      textColumn(({ records }) => count(records), 'n'),
      textColumn(({ height }) => leases(height)),
    ],
  });
}

export function showBlocks(blocks: PageSections['blocks'], nowMs: number): void {
  byId('no-blocks').hidden = blocks.length > 0;
  byId('blocks-region').hidden = blocks.length === 0;
  keepRows(byId('blocks'), blocks.slice(0, 12), {
    key: ({ hash }) => hash,
    columns: [
      textColumn(({ height }) => count(height), 'n', true),
      textColumn(({ timeMs }) => moment(timeMs, nowMs)),
      textColumn(({ transactions }) => count(transactions), 'n'),
      textColumn(({ changedRecords }) => count(changedRecords), 'n'),
      textColumn(({ elapsedMs }) => `${brief(elapsedMs)} ms`, 'n'),
      { className: 'hash', fill: showHash(({ stateRoot }) => stateRoot) },
      { className: 'hash', fill: showHash(({ hash }) => hash) },
    ],
  });
}

function showHash<Item>(hash: (item: Item) => string): Column<Item>['fill'] {
  return (cell, item) => {
    setText(cell, hash(item));
    cell.title = hash(item);
  };
}

export function showTrust({ trustedRoots, equivocations }: PageSections['trust']): void {
  const lines = [
    ...trustedRoots.map(
      ({ trustedRoot, isReached }) =>
        `Trusted root ${trustedRoot}: ${isReached ? 'the chain here has it' : 'not reached yet'}.`,
    ),
    ...equivocations.map((equivocation) => `The chain has split: ${JSON.stringify(equivocation)}`),
  ];
  byId('trust-card').hidden = lines.length === 0;
  keepChildren(byId('trust'), lines, { key: (line) => line, create: () => make('li'), fill: setText });
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
