import { defineConfig } from 'tsup';
import { tsupConfig } from '../../config/tsup.mjs';

export default defineConfig(tsupConfig({ main: 'src/main.ts', serve: 'src/serve.ts' }, { platform: 'node' }));
