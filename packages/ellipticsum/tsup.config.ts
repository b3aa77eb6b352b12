import { defineConfig } from 'tsup';
import { tsupConfig } from '../../config/tsup.mjs';

export default defineConfig(
  tsupConfig(
    {
      index: 'src/index.ts',
      testing: 'src/testing.ts',
      node: 'src/node.ts',
      browser: 'src/browser.ts',
      'node-worker': 'src/pool/node-worker.ts',
      'browser-worker': 'src/pool/browser-worker.ts',
      'record-file': 'src/record-file/index.ts',
      cli: 'src/node/cli/main.ts',
    },
    { removeNodeProtocol: false },
  ),
);
