import { defineConfig } from 'tsup';
import { tsupConfig } from '../../config/tsup.mjs';

export default defineConfig(
  tsupConfig(
    { index: 'src/index.ts', 'example-chain': 'src/example-chain/index.ts', cli: 'src/cli/main.ts' },
    { platform: 'node' },
  ),
);
