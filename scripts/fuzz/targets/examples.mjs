import { built, internals, refusals, utf8 } from '../load.mjs';

/** What the examples decode, and the arguments that they take. */
export async function exampleTargets() {
  const names = await internals('custom-node', [
    'examples/custom-node/src/chain/name-header.ts',
    'examples/custom-node/src/chain/name-transactions.ts',
    'examples/custom-node/src/chain/keys.ts',
  ]);
  const options = {};
  for (const example of ['custom-node', 'deso-audit', 'full-node', 'verify-checksum']) {
    const { parseOptions, readOptions } = await internals(`${example}-options`, [`examples/${example}/src/options.ts`]);
    options[example] = parseOptions ?? readOptions;
  }
  const audit = await internals('deso-audit', [
    'examples/deso-audit/src/state/download.ts',
    'examples/deso-audit/src/state/snapshot.ts',
    'examples/deso-audit/src/state/store-format.ts',
  ]);
  const { createMessageCodec, desoHeaderCodec, messageTypes, transactionCodec } =
    await built('packages/wire/dist/index.js');
  const isWire = refusals('WireError', 'WIRE_');
  const isNode = refusals('NodeError', 'NODE_');
  const isAudit = refusals('AuditError', 'AUDIT_');
  const rest = Object.assign(new Error('more than a header'), { name: 'WireError', code: 'WIRE_REST' });

  const hash = new Uint8Array(32).fill(0x11);
  const header = {
    height: 300,
    timeMs: 1_700_000_000_000,
    parentId: hash,
    contentsHash: hash,
    stateRoot: hash,
    snapshotRoot: undefined,
    votes: [{ member: 1, signature: new Uint8Array(65).fill(0x30) }],
  };
  const key = names.keyFromText('fuzz');
  const actions = [
    { kind: 'claim', name: 'a-name', text: utf8('text') },
    { kind: 'give', name: 'a-name', to: key.publicKey },
    { kind: 'release', name: 'a-name' },
  ];

  const codec = createMessageCodec({ header: desoHeaderCodec, layout: 'go' });
  const records = (...list) => {
    const parts = list.flat();
    let at = 0;
    const offsets = parts.flatMap(({ length }) => {
      at += length;
      return [at - length, at];
    });
    return { bytes: Uint8Array.from(parts.flatMap((part) => [...part])), offsets: Uint32Array.from(offsets) };
  };
  const chunk = (prefix, isFull, ...list) =>
    codec.encode({
      type: 'snapshot-data',
      epoch: {
        snapshotBlockHeight: 300,
        firstSnapshotBlockHeight: 0,
        currentEpochChecksum: hash,
        currentEpochBlockHash: hash,
      },
      records: records(...list),
      isFull,
      prefix: Uint8Array.of(prefix),
    }).payload;
  const claim = audit.withChunk(undefined, {
    snapshotBlockHeight: 300,
    firstSnapshotBlockHeight: 0,
    currentEpochChecksum: hash,
    currentEpochBlockHash: hash,
  });
  const starts = [
    { claim: undefined, progress: audit.startOfDownload },
    { claim, progress: { prefix: 5, lastKey: Uint8Array.of(5, 1) } },
    { claim, progress: { prefix: 96, lastKey: undefined } },
  ];

  /** Arguments with line ends between them. Whoever typed them is told by the message of a plain error. */
  const argumentsOf = (example, lines) => ({
    name: `${example}-arguments`,
    maxBytes: 256,
    seeds: lines.map((line) => utf8(line.replaceAll(' ', '\n'))),
    dictionary: ['\n', '--', '=', '0', '1', '-1', '9'.repeat(20), 'NaN', '[::1]:1'].map(utf8),
    canContinue: true,
    isRefusal: (error) => error?.constructor === Error || String(error?.code).startsWith('ERR_PARSE_ARGS_'),
    decode: (input) => {
      options[example](Buffer.from(input).toString('utf8').split('\n'));
    },
  });

  return [
    {
      name: 'custom-node-header',
      seeds: [header, { ...header, snapshotRoot: hash, votes: [] }].map((each) => names.nameHeaderCodec.encode(each)),
      decode(input) {
        const { header: decoded, end } = names.nameHeaderCodec.decode(input, 0);
        if (end !== input.length) throw rest;
        return decoded;
      },
      encode: (each) => names.nameHeaderCodec.encode(each),
      isRefusal: (error) => isWire(error) || isNode(error),
    },
    {
      name: 'custom-node-transaction',
      seeds: actions.map((action) =>
        transactionCodec.encode(names.signAction(action, { key, sequence: 1n, chainId: hash })),
      ),
      // Signatures would keep everything else from the fuzzer.
      decode(input) {
        const transaction = transactionCodec.decode(input);
        names.checkTransaction(transaction, hash);
        return transaction;
      },
      encode: (transaction) => transactionCodec.encode(transaction),
      isRefusal: (error) => isWire(error) || isNode(error),
    },
    {
      name: 'deso-audit-chunk',
      // How far the download is, then the payload of the answer.
      seeds: [
        Uint8Array.of(0, ...chunk(5, true, [Uint8Array.of(5, 1), hash], [Uint8Array.of(5, 2), hash])),
        Uint8Array.of(1, ...chunk(5, true, [Uint8Array.of(5, 1), hash], [Uint8Array.of(5, 2), hash])),
        Uint8Array.of(1, ...chunk(5, false, [Uint8Array.of(5, 1), hash])),
        Uint8Array.of(2, ...chunk(96, false, [Uint8Array.of(0), new Uint8Array(0)])),
      ],
      isRefusal: (error) => isWire(error) || isAudit(error),
      decode(input) {
        const { claim: before, progress } = starts[(input[0] ?? 0) % starts.length];
        const message = codec.decode({ type: messageTypes['snapshot-data'], payload: input.subarray(1) });
        const change = audit.claimChange(before, message.epoch);
        audit.withChunk(before, message.epoch);
        const accepted = audit.acceptChunk(progress, message);
        const start = audit.startKeyOf(accepted.progress);
        const isAhead = start === undefined || Buffer.compare(start, audit.startKeyOf(progress)) > 0;
        if (!isAhead) throw new Error('a chunk that is accepted gets the download no further');
        return { first: input[0], change, message };
      },
      encode: ({ first, message }) => Uint8Array.of(first, ...codec.encode(message).payload),
    },
    argumentsOf('custom-node', ['--in-process', '--without-quorum --verbose', '--help']),
    argumentsOf('deso-audit', [
      'node.example:17000 --network testnet',
      `--offline --data folder --json --quiet --expect ${'1a'.repeat(32)}`,
      'host --fresh --protocol 1 --snapshot-period 1000 --pos-height 300 --answer-timeout 10',
      '[::1]:1 --retries 0 --max-restarts 0 --max-chunk-mib 10 --threads 4 --ask-syncing-node',
    ]),
    argumentsOf('full-node', ['--keep --scale 0.5', '--help', '--scale x']),
    argumentsOf('verify-checksum', [
      `file --format jsonl --expect root:${'1a'.repeat(32)}`,
      '- --domain tag',
      '--help',
      `file --expect ${'1a'.repeat(32)}`,
    ]),
  ];
}
