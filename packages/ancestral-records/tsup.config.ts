import { defineConfig } from 'tsup';
import { tsupConfig } from '../../config/tsup.mjs';

export default defineConfig(
  tsupConfig(
    { index: 'src/index.ts', node: 'src/node.ts', testing: 'src/testing.ts' },
    // `node:` stays in front of the platform's modules.
    { removeNodeProtocol: false },
  ),
);
