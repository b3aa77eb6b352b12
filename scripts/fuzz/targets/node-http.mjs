import { built, internals, refusals, utf8 } from '../load.mjs';

/** HTTP requests as far as their bytes go: path, query, host and body. */
export async function nodeHttpTargets() {
  const { transactionCodec } = await built('packages/wire/dist/index.js');
  const { exampleHeaderCodec } = await built('packages/node/dist/example-chain.js');
  const parts = await internals('node-http', [
    'packages/node/src/http/router.ts',
    'packages/node/src/http/host-check.ts',
    'packages/node/src/http/routes/block-routes.ts',
    'packages/node/src/http/routes/health-routes.ts',
    'packages/node/src/http/routes/snapshot-file-routes.ts',
    'packages/node/src/http/routes/state-routes.ts',
    'packages/node/src/http/routes/status-routes.ts',
    'packages/node/src/http/routes/transaction-routes.ts',
    'packages/node/src/example-chain/http-routes.ts',
    'packages/node/src/network/ip-address.ts',
  ]);
  const isRefusal = refusals('HttpError', 'HTTP_');
  const latin1 = (input) => Buffer.from(input).toString('latin1');
  const node = {
    phase: 'synced',
    chain: { parameters: { maxKeyBytes: 256, maxBlockBytes: 65_536 }, headerCodec: exampleHeaderCodec },
    chainStore: { transactionPlace: async () => undefined },
    store: { snapshots: () => [] },
    activity: {},
    submit: async (transaction) => transactionCodec.encode(transaction),
  };
  const routes = [
    parts.blockRoutes,
    parts.healthRoutes,
    parts.snapshotFileRoutes,
    parts.stateRoutes,
    parts.statusRoutes,
    parts.transactionRoutes,
    parts.exampleChainRoutes,
  ].flatMap((make) => make(node));
  const router = new parts.Router(routes);
  const post = routes.find(({ method }) => method === 'POST');
  const key = `02${'11'.repeat(32)}`;
  const values = { '{height}': '300', '{block}': 'tip', '{id}': '11'.repeat(32), '{username}': 'alice' };
  const urls = [
    ...routes.map(({ path }) => path.replace(/\{\w+\}/, (name) => values[name] ?? key)),
    `/v1/accounts/${key}/coins?cursor=37${key}&limit=10&height=300&allowStale=true`,
    '/v1/state/records?prefix=05&limit=1000',
    '/v1/blocks?before=300&limit=20',
    '/v1/usernames/%41lice',
  ];
  /** What needs no parameter beside what is there. */
  const isTaken = (url) => {
    try {
      return router.match('GET', url) !== undefined;
    } catch {
      return false;
    }
  };
  const transaction = transactionCodec.encode(transactionCodec.decode(Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 1, 5, 6, 7)));
  const json = (value) => Uint8Array.of(0, ...utf8(JSON.stringify(value)));
  return [
    {
      name: 'node-http-request',
      maxBytes: 512,
      // The first byte says whether it is a GET, a POST or a HEAD; the rest is the path and the query.
      seeds: urls.filter(isTaken).map((url) => Uint8Array.of(0, ...utf8(url))),
      hints: urls.map((url, index) => Uint8Array.of(1 + (index % 2), ...utf8(url))),
      dictionary: [
        '?',
        '&',
        '=',
        '/',
        '%',
        '%2F',
        '%c3',
        'limit',
        'cursor',
        'height',
        'prefix',
        'allowStale',
        'true',
        'tip',
        '{height}',
      ].map(utf8),
      canContinue: true,
      isRefusal,
      decode(input) {
        const match = router.match(['GET', 'POST', 'HEAD'][(input[0] ?? 0) % 3], latin1(input.subarray(1)));
        return match.route.parameters?.map((parameter) => match.get(parameter));
      },
    },
    {
      name: 'node-http-transaction',
      // The first byte says whether it is JSON or bytes.
      seeds: [Uint8Array.of(1, ...transaction), json({ transaction: Buffer.from(transaction).toString('hex') })],
      hints: [json({ transaction: '00', more: 1 }), json(null)],
      dictionary: ['"transaction"', '"', ':', '{', '}', 'null', '[]', '00'].map(utf8),
      canContinue: true,
      isRefusal,
      decode: (input) =>
        post.handle({
          body: input.subarray(1),
          mediaType: ['application/json', 'application/octet-stream'][(input[0] ?? 0) % 2],
        }),
    },
    {
      name: 'node-http-host',
      maxBytes: 128,
      seeds: ['127.0.0.1:18001', '[::1]:1', 'node.example', 'a.example:0'].map(utf8),
      canContinue: true,
      isRefusal: () => false,
      decode(input) {
        const verdicts = ['127.0.0.1', '0.0.0.0', '::'].map((host) =>
          parts.createHostCheck({ host, allowedHosts: ['node.example'] })(latin1(input)),
        );
        if (verdicts[0] && !verdicts[1]) throw new Error('what is answered on loopback is refused elsewhere');
        return verdicts;
      },
    },
    {
      name: 'node-ip-address',
      maxBytes: 64,
      seeds: ['127.0.0.1', '::1', '::ffff:10.0.0.1', 'fe80::1%eth0', '2001:db8:0:0:1::'].map(utf8),
      dictionary: [':', '::', '.', '%', 'ffff', '0'].map(utf8),
      canContinue: true,
      isRefusal: ({ code }) => code === 'NAME',
      decode(input) {
        const ip = parts.ipBytes(latin1(input));
        if (ip === undefined) throw Object.assign(new Error('a name'), { code: 'NAME' });
        if (ip.length !== 4 && ip.length !== 16) throw new Error(`an address of ${ip.length} bytes`);
        parts.isLocal(ip);
        return ip;
      },
      encode: (ip) => utf8(parts.ipText(ip)),
    },
  ];
}
