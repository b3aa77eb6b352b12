import { defineConfig } from 'tsup';
import { tsupConfig } from '../../config/tsup.mjs';

export default defineConfig(tsupConfig({ main: 'src/main.ts' }, { platform: 'node' }));
