import { defineConfig } from 'tsup';
import { tsupConfig } from '../../config/tsup.mjs';

/** The page that the node serves: one script without dependencies, and the files beside it. */
export default defineConfig(
  tsupConfig(
    { page: 'web/page.ts' },
    { platform: 'browser', outDir: 'dist/web', publicDir: 'web/public', minify: true, sourcemap: false },
  ),
);
