import { jestConfig } from '../../config/jest.mjs';

/** The tests that need a browser; `npm run test:platforms` in the root runs them. */
export default jestConfig({ testMatch: ['<rootDir>/platform-test/**/*.test.ts'] });
